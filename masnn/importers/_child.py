"""The importers' child: takes the weights out of one torch file under limits, and ends.

`python -m masnn.importers._child FOLDER` gets ready, waits for a line on standard input, and opens
FOLDER/checkpoint with `torch.load(weights_only=True)`, which builds tensors and plain containers
and calls nothing else. It leaves FOLDER/weights.safetensors and FOLDER/told.json, or a reason on
standard output and the status `confined.REFUSED`.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import re
import shutil
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from masnn import confined

if TYPE_CHECKING:
    from torch import Tensor

#: Address space beyond what torch itself has taken: so much, and so many times the file.
_MEMORY_BYTES, _MEMORY_TIMES = 512 << 20, 5
CPU_S = 120

#: Where a checkpoint with more in it than weights keeps them.
CONTAINERS = ("net", "state_dict", "model", "model_state_dict", "module")

#: Far beyond any network of the field.
MAX_TENSORS, MAX_NAME = 10_000, 200
#: So many values beside the weights are told.
MAX_TOLD = 50


class Refused(Exception):
    """The file is refused; the message says why and what to do."""


def main() -> int:
    """Open the file of argv[1]; return the exit status."""
    folder = Path(sys.argv[1])
    import torch  # while the parent gets ready; its libraries are no part of what is limited
    from safetensors.torch import save_file

    if not sys.stdin.readline():  # the parent has gone, and nobody else clears up
        shutil.rmtree(folder, ignore_errors=True)
        return 0
    source = folder / "checkpoint"
    n_bytes = source.stat().st_size
    confined.limit(_MEMORY_BYTES + _MEMORY_TIMES * n_bytes, CPU_S)
    torch.set_num_threads(1)
    try:
        refuse_archives_that_grow(source, n_bytes)
        container, found, rest = state_dict(unpickled(source))
        weights, widened = own_weights(found, n_bytes)
    except Refused as problem:
        print(problem)
        return confined.REFUSED
    except MemoryError:
        print("it declares more than its size lets it hold.")
        return confined.REFUSED
    save_file(weights, folder / "weights.safetensors")
    told = told_of(weights, container, rest, widened)
    (folder / "told.json").write_text(json.dumps(told))
    return 0


def told_of(
    weights: Mapping[str, Tensor], container: str, rest: Mapping[str, Any], widened: int
) -> dict[str, Any]:
    """Return what is told beside the weights, plain enough for JSON."""
    plain = dict([(k, v) for k, v in rest.items() if is_plain(v)][:MAX_TOLD])
    return {
        # safetensors sorts by name; the order of a state dict is that of the network's layers.
        "order": list(weights),
        "container": container,
        "widened": widened,
        "says": {k: v[:MAX_NAME] if isinstance(v, str) else v for k, v in plain.items()},
        "left_out": sorted(rest.keys() - plain.keys())[:MAX_TOLD],
    }


def is_plain(value: Any) -> bool:
    """Return whether a value can be told as it is."""
    if isinstance(value, bool | str):
        return True
    return isinstance(value, int | float) and math.isfinite(value) and abs(value) < 1 << 63


def refuse_archives_that_grow(source: Path, n_bytes: int) -> None:
    """Refuse a zip archive that holds more than its own size: torch.save compresses nothing."""
    with source.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            return
    try:
        with zipfile.ZipFile(source) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Refused(f"a damaged archive ({error}); copy or download it again.") from None
    if any(part.compress_type != zipfile.ZIP_STORED for part in parts):
        raise Refused("its archive is compressed, which torch.save never does.")
    if sum(part.file_size for part in parts) > n_bytes:
        raise Refused("its archive declares more than it holds.")
    if any(part.filename.endswith("constants.pkl") for part in parts):
        raise Refused(
            "a TorchScript program, not a state dict. Where the model can be run: "
            "torch.save(model.state_dict(), FILE)."
        )


def unpickled(source: Path) -> Any:
    """Return what a torch file holds, without running anything that it names."""
    import torch

    try:
        return torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL ([\w.]+)|[Cc]lass ([\w.]+)", str(error))
        if named is None:
            raise Refused("not a file of torch.save, or a damaged one.") from None
        what = (named[1] or named[2])[:MAX_NAME]
        raise Refused(
            f"holds {what} and not weights alone. A pickled model runs code when it is opened, so "
            "it is not opened here. Where you trust it: torch.save(model.state_dict(), FILE)."
        ) from None
    except MemoryError:
        raise
    except Exception as error:
        if "allocate" in str(error):
            raise MemoryError from None
        raise Refused("not a file of torch.save, or one that was cut short or damaged.") from None


def state_dict(loaded: Any) -> tuple[str, Mapping[str, Any], dict[str, Any]]:
    """Return where the weights lie, the weights, and whatever lies beside them."""
    import torch

    def is_weights(value: Any) -> bool:
        return (
            isinstance(value, Mapping)
            and len(value) > 0
            and all(isinstance(v, torch.Tensor) for v in value.values())
        )

    if is_weights(loaded):
        return "", loaded, {}
    if not isinstance(loaded, Mapping):
        raise Refused(f"holds a {type(loaded).__name__}, not a state dict.")
    for name in CONTAINERS:
        if is_weights(loaded.get(name)):
            rest = {str(k)[:MAX_NAME]: v for k, v in loaded.items() if k != name}
            return name, loaded[name], rest
    keys = ", ".join(str(key)[:40] for key in list(loaded)[:5]) or "nothing"
    raise Refused(f"holds no state dict of tensors; it holds {keys}.")


def own_weights(found: Mapping[str, Any], n_bytes: int) -> tuple[dict[str, Tensor], int]:
    """Return every tensor in memory of its own, and how many were widened to 32 bits."""
    import torch

    if len(found) > MAX_TENSORS:
        raise Refused(f"holds {len(found):,} tensors; at most {MAX_TENSORS:,} are read.")
    for name, value in found.items():
        if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
            raise Refused("names a tensor by something that is no name of a layer.")
        if value.is_quantized:
            raise Refused(f"{name} is quantised; import the network as it was before.")
        if value.layout != torch.strided or value.device.type != "cpu":
            raise Refused(f"{name} is no plain tensor ({value.layout}, {value.device.type}).")
        if value.dtype == torch.float64:
            raise Refused(
                f"{name} is stored in 64 bits, and networks here compute in 32: spikes could "
                "differ. Save model.float().state_dict() if that is what you want."
            )
        if value.dtype not in (torch.float32, torch.float16, torch.bfloat16, torch.int64):
            raise Refused(f"{name} is stored as {value.dtype}, which no weight of a layer is.")
    # A view may declare any shape over a few stored numbers.
    declared = sum(value.numel() * value.element_size() for value in found.values())
    if declared > n_bytes:
        raise Refused(f"declares {declared:,} bytes of weights in a file of {n_bytes:,}.")
    weights, widened = {}, 0
    for name, value in found.items():
        narrow = value.dtype in (torch.float16, torch.bfloat16)
        widened += narrow
        value = value.detach()
        weights[name] = (value.float() if narrow else value).contiguous().clone()
        if not bool(weights[name].isfinite().all()):
            raise Refused(f"{name} holds a value that is no finite number; training had failed.")
    return weights, widened


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # what was left is on the disk; taking an interpreter down takes its time
