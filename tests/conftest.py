"""What tests share: where the real recordings and golden vectors lie, if they lie anywhere."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Return the folder of real recordings and golden vectors; skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED.name}/ with recordings and golden vectors is not beside the project")
    return SHARED
