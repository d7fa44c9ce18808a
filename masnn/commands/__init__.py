"""What each command does: options in, what --json prints out.

Heavy imports live inside the commands: `inspect` needs no torch.
"""

from masnn.commands.networks import asrv, evaluate, import_, isometry, models
from masnn.commands.recordings import classify, compare, convert, inspect
from masnn.commands.reporting import report
from masnn.commands.simulations import simulate_dataset, simulate_digit, simulate_gesture
from masnn.commands.training import digits, train, zoo

__all__ = [
    "asrv",
    "classify",
    "compare",
    "convert",
    "digits",
    "evaluate",
    "import_",
    "inspect",
    "isometry",
    "models",
    "report",
    "simulate_dataset",
    "simulate_digit",
    "simulate_gesture",
    "train",
    "zoo",
]
