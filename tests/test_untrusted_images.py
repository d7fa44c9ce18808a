"""Uploaded pictures are decoded in a child, with the same result, or told what is wrong."""

import io
import os
import sys

import numpy as np
import pytest
from PIL import Image

from masnn import untrusted_images
from masnn.confined import Child
from masnn.errors import ImageFileError
from masnn.images import MAX_BYTES, read_picture
from masnn.untrusted_images import read_untrusted_picture

RNG = np.random.default_rng(0)
RGBA = RNG.integers(0, 256, (9, 7, 4), dtype=np.uint8)


def encoded(pixels, form="PNG"):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form)
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [encoded(RGBA), encoded(RGBA[..., :3], "JPEG"), encoded(RGBA[..., 0])],
    ids=["rgba", "jpeg", "grey"],
)
def test_a_picture_is_the_same_as_without_a_child(content):
    own, found = read_picture(content, "a.png"), read_untrusted_picture(content, "a.png")
    assert np.array_equal(own.pixels, found.pixels) and not found.pixels.flags.writeable
    for field in ("name", "format", "sha256", "warnings"):
        assert getattr(own, field) == getattr(found, field)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"GIF89a", "a.png: neither PNG nor JPEG; save it anew as PNG or JPEG."),
        (encoded(RGBA)[:90], "a.png: damaged"),
        (b"", "a.png: neither PNG nor JPEG"),
        (bytes(MAX_BYTES + 1), "a.png: larger than 50 MB."),
    ],
    ids=["gif", "cut", "empty", "long"],
)
def test_what_is_refused_is_refused_in_the_same_words(content, says):
    with pytest.raises(ImageFileError) as caught:
        read_untrusted_picture(content, "a.png")
    assert str(caught.value).startswith(says) and "\n" not in str(caught.value)


class Broken(Child):
    """A child that is at its work and does what a hostile picture might make it do."""

    code = ""

    def give(self, name, content, wall_s, line=b"begin\n"):
        script = self.folder / "hostile.py"
        script.write_text(f"import os, numpy as np\n{self.code}\n")
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        from subprocess import PIPE, Popen

        with (self.folder / "said").open("wb") as said:
            self._process = Popen(
                [sys.executable, script.name], cwd=self.folder, stdin=PIPE, stdout=said
            )
        return super().give(name, content, wall_s, line)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="signals")
@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("os.kill(os.getpid(), 9)", r"decoding it was given up \(status -9\)"),
        ("import time; time.sleep(60)", "took more than 1 s"),
        ("pass", "inconsistent"),
        ("np.save('pixels.npy', np.zeros((2, 2)))", "inconsistent"),
        ("np.save('pixels.npy', np.zeros((2, 2, 4), np.uint8))", "inconsistent"),
        ("np.save('pixels.npy', np.zeros((0, 2), np.uint8))", "inconsistent"),
        ("np.save('pixels.npy', np.array([{}]), allow_pickle=True)", "inconsistent"),
        ("np.savez('a.npz', a=np.zeros(2)); os.rename('a.npz', 'pixels.npy')", "inconsistent"),
        (
            "np.save('pixels.npy', np.zeros((2, 2), np.uint8)); "
            "open('told.json', 'w').write('[' * 100000)",
            "inconsistent",
        ),
        ("os.symlink('/etc/hostname', 'pixels.npy')", "inconsistent"),
        (
            "np.save('pixels.npy', np.zeros((2, 2), np.uint8)); open('told.json', 'w').write('[]')",
            "inconsistent",
        ),
    ],
)
def test_a_child_that_dies_hangs_or_lies_is_one_line(monkeypatch, code, says):
    monkeypatch.setattr(untrusted_images.confined, "Child", Broken)
    if "sleep" in code:
        monkeypatch.setattr(untrusted_images, "WALL_S", 1)
    monkeypatch.setattr(Broken, "code", code)
    with pytest.raises(ImageFileError, match=says) as caught:
        read_untrusted_picture(encoded(RGBA), "a.png")
    assert "\n" not in str(caught.value)


def test_the_largest_picture_fits_its_limits():
    stream = io.BytesIO()
    Image.new("RGBA", (4000, 4000), (9, 9, 9, 128)).save(stream, "PNG", compress_level=1)
    found = read_untrusted_picture(stream.getvalue(), "large.png")
    assert found.pixels.shape == (4000, 4000, 3) and found.warnings
