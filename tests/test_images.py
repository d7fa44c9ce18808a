"""Pictures are read as they are or refused, and become inputs as cards say."""

import dataclasses
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from masnn import images
from masnn.augmentation import ImageAugmentation
from masnn.errors import CheckpointError, DataError, ImageFileError
from masnn.framesets import Sample
from masnn.images import Transform, read_picture, transform_of
from masnn.imagesets import image_set

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (5, 7), dtype=np.uint8)
RGB = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)


def encoded(image, form="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def png(width, height, depth, colour, rows=b""):
    """Return a PNG built chunk by chunk as ISO/IEC 15948 lays it out."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    )


def test_grey_and_rgb_are_read_as_they_are():
    for pixels in (GREY, RGB):
        picture = read_picture(encoded(Image.fromarray(pixels)), "a.png")
        assert np.array_equal(picture.pixels, pixels) and not picture.warnings
        assert not picture.pixels.flags.writeable
    assert picture.format == "PNG, RGB" and len(picture.sha256) == 64


def test_a_file_is_known_by_its_content_and_named_in_errors(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(Image.fromarray(RGB), "JPEG"))
    assert read_picture(path).format.startswith("JPEG")
    with pytest.raises(ImageFileError, match=r"none.png: cannot be read: No such file"):
        read_picture(tmp_path / "none.png")
    with pytest.raises(ImageFileError, match="a folder, a device or a pipe"):
        read_picture(tmp_path)
    with pytest.raises(ImageFileError, match="zero: a folder, a device or a pipe"):
        read_picture(Path("/dev/zero"))


def test_of_a_large_file_no_more_is_read_than_shows_it(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "MAX_BYTES", 1 << 20)
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a hole: it takes no space
    with pytest.raises(ImageFileError, match=r"a.png: larger than 1 MB"):
        read_picture(path)


def test_ones_own_pictures_may_be_larger():
    content = encoded(Image.new("L", (4001, 4000)))
    with pytest.raises(ImageFileError, match="16 million px"):
        read_picture(content)
    picture = read_picture(content, max_pixels=images.MAX_OWN_PIXELS)
    assert picture.pixels.shape == (4000, 4001)


def test_sixteen_bits_become_eight_and_are_told():
    rows = b"".join(b"\0" + struct.pack(">2H", *row) for row in ((0, 65535), (257, 128)))
    picture = read_picture(png(2, 2, 16, 0, rows))
    assert picture.pixels.tolist() == [[0, 255], [1, 0]]
    assert picture.warnings == ("16 bits a channel were reduced to 8.",)
    rows = b"".join(b"\0" + struct.pack(">3H", 65535, 0, 257 * 9) for _ in range(1))
    picture = read_picture(png(1, 1, 16, 2, rows))
    assert picture.pixels.tolist() == [[[255, 0, 9]]] and len(picture.warnings) == 1


def test_transparency_lies_over_white_and_is_told():
    layered = Image.fromarray(np.array([[[10, 20, 30, 0], [10, 20, 30, 255]]], np.uint8))
    picture = read_picture(encoded(layered))
    assert picture.pixels.tolist() == [[[255] * 3, [10, 20, 30]]]
    assert picture.warnings == ("What is transparent was laid over white.",)
    opaque = Image.fromarray(np.dstack([RGB, np.full((5, 7), 255, np.uint8)]))
    assert not read_picture(encoded(opaque)).warnings
    grey = Image.fromarray(np.array([[[7, 255], [7, 0]]], np.uint8), "LA")
    assert read_picture(encoded(grey)).pixels.tolist() == [[7, 255]]


def test_a_grey_of_16_bits_that_is_transparent_lies_over_white_and_is_told():
    rows = b"".join(b"\0" + struct.pack(">2H", *row) for row in ((7, 257), (257 * 9, 7)))
    content = png(2, 2, 16, 0, rows)
    body = b"tRNS" + struct.pack(">H", 7)
    chunk = struct.pack(">I", 2) + body + struct.pack(">I", zlib.crc32(body))
    at = content.index(b"IDAT") - 4
    picture = read_picture(content[:at] + chunk + content[at:])
    assert picture.pixels.tolist() == [[255, 1], [9, 255]]
    assert picture.warnings[1:] == ("What is transparent was laid over white.",)


def test_a_picture_of_many_rows_is_converted_as_one(monkeypatch):
    rgba = RNG.integers(0, 256, (700, 9, 4), dtype=np.uint8)
    image = Image.fromarray(rgba)
    white = Image.new("RGBA", image.size, "white")
    whole = np.asarray(Image.alpha_composite(white, image).convert("RGB"))
    assert np.array_equal(read_picture(encoded(image)).pixels, whole)


def test_palettes_bits_and_cmyk_become_rgb_or_grey():
    palette = Image.fromarray(RGB).quantize(256)
    assert np.array_equal(read_picture(encoded(palette)).pixels, np.asarray(palette.convert("RGB")))
    bits = Image.fromarray(GREY > 127)
    assert np.array_equal(read_picture(encoded(bits)).pixels, 255 * (GREY > 127))
    picture = read_picture(encoded(Image.fromarray(RGB).convert("CMYK"), "JPEG", quality=100))
    assert picture.pixels.shape == (5, 7, 3) and "CMYK" in picture.warnings[0]


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Image.fromarray(np.full((4, 4), value, np.uint8)) for value in (10, 20, 30)]
    picture = read_picture(encoded(frames[0], save_all=True, append_images=frames[1:]))
    assert (picture.pixels == 10).all() and "Of 3 frames" in picture.warnings[0]


def test_a_picture_is_turned_as_its_exif_says():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held a quarter turned: 90 degrees clockwise shows it upright
    picture = read_picture(encoded(Image.fromarray(GREY), exif=exif))
    assert np.array_equal(picture.pixels, np.rot90(GREY, -1))
    assert "EXIF" in picture.warnings[0]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "neither PNG nor JPEG"),
        (b"GIF89a" + bytes(40), "neither PNG nor JPEG"),
        (encoded(Image.fromarray(RGB))[:60], "damaged"),
        (encoded(Image.fromarray(RGB), "JPEG")[:100], "damaged"),
        (png(100_000, 1, 8, 0), "100,000 x 1 px"),
        (png(8_000, 8_000, 8, 0), "8,000 x 8,000 px"),
        (png(10_000, 10_000, 8, 0), "16 million px"),
        (png(19_999, 19_999, 8, 0), "16 million px"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(content, says):
    with pytest.raises(ImageFileError, match=f"bad.png: .*{says}"):
        read_picture(content, "bad.png")


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr(images, "_pixels", lambda *_: pytest.fail("was decoded"))
    with pytest.raises(ImageFileError, match="Scale it down"):
        read_picture(png(15_000, 15_000, 8, 2, bytes(1 << 20)), "bomb.png")


def test_the_imagenet_transform_cuts_out_the_middle_and_scales_as_the_authors_do():
    pixels = np.zeros((256, 300, 3), np.uint8)
    pixels[:, 150:] = (0, 128, 255)
    t = Transform((224, 224), (128.0,) * 3, (128.0,) * 3, 256)
    x = t.apply(pixels)
    assert x.shape == (3, 224, 224) and x.dtype == np.float32
    # The middle 224 columns of 300 begin at 38: the colour begins at 112.
    assert (x[:, :, :112] == -1).all()
    assert np.allclose(x[:, 0, 112], [-1, 0, 255 / 128 - 1])
    # Of a ramp, 0.5 px by rounding down: torchvision's size is 256 x 341 of 480 x 640, its corner
    # 16 x 58 (58.5, to the even number).
    ramp = np.broadcast_to((np.arange(640) * 255 / 639).astype(np.uint8), (480, 640))
    scaled = Image.fromarray(ramp).resize((341, 256), Image.Resampling.BILINEAR)
    cut = np.asarray(scaled, np.float32)[16:240, 58:282]
    assert np.abs(Transform((224, 224), (0.0,), (1.0,), 256).apply(ramp)[0] - cut).max() <= 1
    half = t.apply(np.zeros((512, 600, 3), np.uint8))  # scaled by half first
    assert half.shape == (3, 224, 224)
    usual = Transform((1, 1), (123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
    assert np.allclose(
        usual.apply(np.full((1, 1), 255, np.uint8))[:, 0, 0], [2.2489, 2.4286, 2.64], atol=1e-4
    )


def test_only_what_is_shown_of_a_long_picture_is_scaled(monkeypatch):
    sizes = []
    resize = Image.Image.resize
    monkeypatch.setattr(
        Image.Image,
        "resize",
        lambda self, size, *a, **k: sizes.append(size) or resize(self, size, *a, **k),
    )
    t = Transform((224, 224), (0.0,), (1.0,), 256)
    assert (t.apply(np.full((1, 20_000), 9, np.uint8)) == 9).all()
    assert sizes == [(224, 224)]  # and not 256 x 5,120,000


def test_a_card_that_tells_no_transform_is_refused():
    config = {"input_size": [8, 8], "in_channels": 1}
    t = Transform((8, 8), (0.0,), (255.0,), None, "digit")
    assert transform_of(config, t.plain(), "x") == t
    for change in (
        {"mean": [0.0] * 3, "std": [1.0] * 3},
        {"std": [0]},
        {"mean": "a"},
        {"resize": 3},
    ):
        with pytest.raises(CheckpointError, match=r"x: data\.transform"):
            transform_of(config, t.plain() | change, "x")


@pytest.fixture
def samples(tmp_path):
    out = []
    for i in range(6):
        Image.fromarray(np.roll(GREY, i, 0)).save(tmp_path / f"{i}.png")
        out.append(Sample(tmp_path / f"{i}.png", i % 3))
    return out


def test_an_image_set_hands_over_one_step_without_copies(samples):
    t = Transform((5, 7), (0.0,), (255.0,))
    data = image_set(samples, t)
    assert len(data) == 6 and data.labels.tolist() == [0, 1, 2] * 2
    windows = data.clips(1, 3)
    assert windows.shape == (3, 1, 1, 5, 7) and windows.strides[0] == 0
    assert np.allclose(windows[2, 0, 0], np.roll(GREY, 1, 0) / 255)


def test_files_of_large_sets_are_read_when_asked_for(samples, monkeypatch):
    t = Transform((5, 7), (0.0,), (255.0,))
    held = image_set(samples, t)
    monkeypatch.setattr("masnn.imagesets.MAX_HELD_BYTES", 10)
    read = image_set(samples, t)
    assert read.held is None and held.held is not None
    monkeypatch.setattr("masnn.imagesets.read_picture", lambda *_, **__: pytest.fail("decoded"))
    assert read.digest() == dataclasses.replace(read).digest() != held.digest()
    fewer = dataclasses.replace(read, samples=read.samples[:5])
    other = dataclasses.replace(read, samples=(*read.samples[:5], samples[0]))
    assert len({read.digest(), fewer.digest(), other.digest()}) == 3
    monkeypatch.setattr("masnn.imagesets.read_picture", read_picture)
    change = ImageAugmentation(shift_px=1, turn_deg=10)
    both = [
        s.changed([4, 2], change, [np.random.default_rng(i) for i in (4, 2)]) for s in (held, read)
    ]
    assert np.array_equal(*both) and both[0].shape == (2, 1, 1, 5, 7)
    samples[0].path.write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"0\.png: neither PNG nor JPEG"):
        read.pixels(0)


def test_an_augmentation_of_nothing_is_the_transform():
    t = Transform((8, 8), (0.0,), (255.0,))
    x = ImageAugmentation().apply(GREY, t, np.random.default_rng(0))
    assert np.array_equal(x, t.apply(GREY))


def test_images_are_moved_by_at_most_what_is_asked_for():
    point = np.zeros((9, 9), np.uint8)
    point[4, 4] = 255
    t = Transform((9, 9), (0.0,), (255.0,))
    places = set()
    for seed in range(40):
        x = ImageAugmentation(shift_px=2).apply(point, t, np.random.default_rng(seed))[0]
        y, x = (np.average(np.arange(9), weights=x.sum(axis)) for axis in (1, 0))
        assert abs(y - 4) <= 2.02 and abs(x - 4) <= 2.02
        places.add((round(y), round(x)))
    assert len(places) > 8
    with pytest.raises(ValueError, match="least_area"):
        ImageAugmentation(least_area=0)


def test_a_random_part_shows_at_least_the_share_asked_for():
    t = Transform((4, 4), (0.0,), (1.0,))
    ramp = np.broadcast_to(np.arange(0, 240, 2, dtype=np.uint8), (120, 120))
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = ImageAugmentation(least_area=0.25).apply(ramp, t, rng)[0]
        # Four columns whose middles lie a quarter of the part's width apart: 2 grey levels a px.
        width = (x[0, 3] - x[0, 0]) / 2 * 4 / 3
        assert 0.5 * np.sqrt(3 / 4) * 118 < width <= 120
