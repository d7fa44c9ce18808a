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


@pytest.fixture(scope="session")
def subjects(tmp_path_factory):
    """Return small networks side by side, by the names of A and B (`report_pairs.PAIRS`)."""
    import report_pairs

    from masnn import checkpoints

    folder = tmp_path_factory.mktemp("networks")
    report_pairs.write_networks(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "FOLDER", folder)
        return report_pairs.subjects()


@pytest.fixture(scope="session")
def subject(subjects):
    """Return the pair that is made for each other: a network with all gates, and without."""
    return subjects["vanilla", "attention"]
