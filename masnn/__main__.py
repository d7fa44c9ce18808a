"""Command line: python -m masnn, see --help."""

from __future__ import annotations

import json
import sys
from typing import Any

from masnn.errors import MasnnError
from masnn.options import parser


def report(command: str, result: dict[str, Any]) -> str:
    """Return a command's result as text for a person."""
    from masnn import reports

    return reports.TEXT[command](result)


def main(words: list[str] | None = None) -> int:
    """Run one command; return 0, or 2 with one line on standard error for what a user can mend."""
    arguments = parser().parse_args(words)
    try:
        result = arguments.command(arguments)
        if not result:  # of several processes of torchrun the first one speaks
            return 0
        if arguments.json:
            print(json.dumps(result, indent=1))
        else:
            print(report(arguments.command.__name__, result))
        sys.stdout.flush()
    except MasnnError as error:
        print(f"masnn: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output had enough
        sys.stderr.close()
        return 0
    except (ValueError, OSError, MemoryError) as error:
        # Options that describe no network, or a file that cannot be opened or written.
        print(f"masnn: {error or 'not enough memory'}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("masnn: interrupted; train and asrv go on where they were.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
