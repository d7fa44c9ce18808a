"""Command line: python -m masnn, see --help."""

from __future__ import annotations

import json
import sys
from typing import Any

from masnn.errors import MasnnError, reason, shown
from masnn.options import parser


def report(command: str, result: dict[str, Any]) -> str:
    """Return a command's result as text for a person."""
    from masnn import reports

    return reports.TEXT[command](_shown(result))


def main(words: list[str] | None = None) -> int:
    """Run one command; return 0, or 2 with one line on standard error for what a user can mend."""
    words = sys.argv[1:] if words is None else words
    try:
        arguments = parser().parse_args(words)
        result = arguments.command(arguments)
        if not result:  # of several processes of torchrun the first one speaks
            return 0
        if arguments.json:
            print(json.dumps(result, indent=1))
        else:
            print(report(arguments.command.__name__, result))
        sys.stdout.flush()
    except MasnnError as error:
        return _refused(words, str(error))
    except BrokenPipeError:  # the reader of our output had enough
        sys.stderr.close()
        return 0
    except (ValueError, OSError, MemoryError) as error:
        # Options that describe no network, or a file that cannot be opened or written.
        if isinstance(error, OSError) and error.strerror and error.filename:
            return _refused(words, f"{error.filename}: {error.strerror}.")
        return _refused(words, reason(error) if str(error) else "not enough memory")
    except KeyboardInterrupt:
        print("masnn: interrupted; train and asrv go on where they were.", file=sys.stderr)
        return 130
    return 0


def _refused(words: list[str], message: str) -> int:
    """Say why nothing was done, in one line, and where JSON was asked for in JSON too."""
    line = shown(message)
    if "--json" in words:
        print(json.dumps({"error": line}), flush=True)
    print(f"masnn: {line}", file=sys.stderr)
    return 2


def _shown(value: Any) -> Any:
    """Return a result whose texts a terminal only shows."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, dict):
        return {_shown(key): _shown(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(inner) for inner in value]
    return value


if __name__ == "__main__":
    sys.exit(main())
