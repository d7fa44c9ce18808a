"""Long work in the browser: a large network's run tells how far it is, stops, and goes on."""

import io
import re
import shutil

import numpy as np
import pytest
import torch
from driving import PATIENCE_MS, needs_chromium, serving, settled, shown, still
from PIL import Image

from masnn import checkpoints
from masnn.architectures import build
from masnn.residual_config import residual

pytestmark = needs_chromium

#: A run of this depth and so many steps takes many times longer than a click, on any machine.
DEEP = {"T": 48, "width": 48, "attention": "none", "blocks": (3, 8, 32, 8)}


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """Start the app with a network that is slow, beside the shipped ones of digits."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for path in checkpoints.FOLDER.glob("digits-*-t4.*"):
        shutil.copy(path, folder)
    torch.manual_seed(0)
    transform = {"resize": 256, "mean": [128.0] * 3, "std": [128.0] * 3, "prepare": ""}
    checkpoints.save(
        build(residual(104, **DEEP)).eval(),
        folder,
        name="deep",
        classes=[f"class {i}" for i in range(1000)],
        data={"name": "Photographs", "attribution": "nobody", "transform": transform},
        training={"imported": {}},
        metrics={},
        command="none",
        licence="none",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MASNN_CHECKPOINTS", str(folder))
        with serving() as address:
            yield address


@pytest.fixture
def photograph():
    """Return a picture that needs no licence: noise, as a file."""
    stream = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(stream, "PNG")
    return {"name": "noise.png", "mimeType": "image/png", "buffer": stream.getvalue()}


def done(bar):
    """Return the layers that a bar says are done, and all of them."""
    return [int(n) for n in re.search(r"(\d+) of (\d+)", bar.inner_text()).groups()]


def stop(page):
    """Press our button: Streamlit's own, in the header, has the same name."""
    page.get_by_test_id("stMain").get_by_role("button", name="Stop").click()


def test_a_long_run_is_stopped_and_the_page_goes_on(page, url, photograph):
    page.goto(f"{url}/images?image_source=Upload&image_data=Photographs")
    still(page)
    page.locator('input[type="file"]').last.set_input_files(photograph)
    bar = page.get_by_test_id("stProgress")
    bar.wait_for(timeout=PATIENCE_MS)
    first, of = done(bar)
    assert of == 103, "the stem and two layers of each of 51 blocks"
    page.wait_for_function(
        """first => {
          const bar = document.querySelector('[data-testid=stProgress]');
          return bar && Number(bar.innerText.match(/(\\d+) of/)[1]) > first;
        }""",
        arg=first,
        timeout=PATIENCE_MS,
    )
    stop(page)
    page.get_by_text("Stopped before it was done.").wait_for(timeout=PATIENCE_MS)
    still(page)
    assert not bar.count() and not page.get_by_test_id("stException").count()
    # Another choice works: what was stopped holds nothing up.
    page.get_by_text("Example", exact=True).click()
    page.get_by_label("Trained on").click()
    page.get_by_role("option", name="Handwritten digits").click()
    page.get_by_text("Share of each class").wait_for(timeout=PATIENCE_MS)
    settled(page)
    assert len(shown(page)["its share"]) == 2
    # Back at the long run it stays stopped until it is asked for, and then goes on.
    page.get_by_text("Upload", exact=True).click()
    page.get_by_label("Trained on").click()
    page.get_by_role("option", name="Photographs").click()
    page.get_by_text("Stopped before it was done.").wait_for(timeout=PATIENCE_MS)
    still(page)
    page.get_by_role("button", name="Run it").click()
    bar.wait_for(timeout=PATIENCE_MS)
    stop(page)
    page.get_by_text("Stopped before it was done.").wait_for(timeout=PATIENCE_MS)
