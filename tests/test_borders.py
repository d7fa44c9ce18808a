"""What of the input each place of a map stands for: geometry worked out by hand."""

import numpy as np
import pytest

from masnn.networks import NetworkConfig
from masnn.receptive_field import borders, receptive_field
from masnn.residual_config import ResidualConfig, residual


def conv(size, *pools):
    channels = (2,) * len(pools)
    return NetworkConfig(
        n_classes=2, T=1, dt_ms=1.0, input_size=size, channels=channels, pools=pools, hidden=()
    )


def rows(config, layer):
    return borders(config, layer).y.tolist()


def columns(config, layer):
    return borders(config, layer).x.tolist()


def test_pooling_joins_blocks_from_the_corner_on():
    config = conv((8, 12), 1, 2, 2)
    assert rows(config, "conv1") == list(range(9))
    assert rows(config, "conv2") == [0, 2, 4, 6, 8]
    assert rows(config, "conv3") == [0, 4, 8] and columns(config, "conv3") == [0, 4, 8, 12]


def test_what_pooling_drops_is_the_last_places_as_far_as_it_sees():
    # 34 -> 17 -> 8: blocks of 4 px, not of 34 / 8. The last place reads rows 14 and 15 of 17 and,
    # by the kernel's margin, row 16: pixels 32 and 33.
    assert columns(conv((34, 34), 1, 2, 2), "conv3") == [0, 4, 8, 12, 16, 20, 24, 28, 34]
    # 15 -> 3 by 4: places read convolution rows 8 to 11 at last, so pixels up to 12 and no further.
    assert rows(conv((15, 15), 4), "conv1") == [0, 4, 8, 13]
    # 15 -> 7 -> 3 -> 1: one place, which sees it all.
    assert rows(conv((15, 15), 2, 2, 2), "conv3") == [0, 15]
    # Odd blocks: 11 -> 3 by 3, the margin of one reaches pixel 9.
    assert rows(conv((11, 11), 3), "conv1") == [0, 3, 6, 10]


def test_strides_centre_places_on_every_second_pixel():
    # 3 x 3 of stride 1, then blocks of stride 2 with padding 1: middles at pixels 0, 2, 4, ...
    config = ResidualConfig(2, input_size=(9, 8), stem_kernel=3, stem_stride=1, stem_pool=False)
    assert rows(config, "stem") == rows(config, "stage1_2b") == list(range(10))
    # Pixels 1, 3, 5 and 7 lie between two places, half each: what is odd is mirrored onto itself.
    assert rows(config, "stage2_1a") == [0, 1.5, 3.5, 5.5, 7.5, 9]
    assert columns(config, "stage2_1b") == [0, 1.5, 3.5, 5.5, 8]
    assert rows(config, "stage3_2b") == [0, 2.5, 6.5, 9]
    assert rows(config, "stage4_1a") == [0, 4.5, 9] and columns(config, "stage4_1a") == [0, 8]


def test_the_stem_of_imagenet_is_a_kernel_of_7_and_a_pooling_of_3():
    config = residual(18)
    # Both of stride 2 and centred: middles at pixels 0, 4, 8, ..., 220 of 224.
    expected = [0, *(4 * i + 2.5 for i in range(55)), 224]
    assert rows(config, "stem") == columns(config, "stage1_2b") == expected
    assert rows(config, "stage4_2b") == [0, *(32 * i + 16.5 for i in range(6)), 224]
    odd = residual(18, input_size=(225, 97))  # 225 -> 113 -> 57; 97 -> 49 -> 25 -> 13 -> 7 -> 4
    assert rows(odd, "stem") == [0, *(4 * i + 2.5 for i in range(56)), 225]
    assert columns(odd, "stage4_1b") == [0, 16.5, 48.5, 80.5, 97]


def test_the_authors_form_has_no_pooling_and_halves_at_every_stage():
    config = ResidualConfig(2, input_size=(32, 32), form="code")
    assert rows(config, "stem") == [0, *(2 * i + 1.5 for i in range(15)), 32]
    assert rows(config, "stage1_1b") == [0, *(4 * i + 2.5 for i in range(7)), 32]
    assert rows(config, "stage3_2a") == [0, 8.5, 32]


@pytest.mark.parametrize(
    "config", [conv((23, 14), 2, 4, 1), ResidualConfig(2, input_size=(37, 30), width=1)], ids=str
)
def test_each_pixel_is_of_the_place_with_the_nearest_middle_that_sees_it(config):
    for layer, (_, height, _) in list(config.neuron_shapes().items())[:-1]:
        fields = [receptive_field(config, layer, y, 0) for y in range(height)]
        found = borders(config, layer).y
        assert len(found) == height + 1 and (np.diff(found) > 0).all()
        for pixel in range(config.input_size[0]):
            seen = [f.clipped[0] <= pixel < f.clipped[1] for f in fields]
            away = [abs(pixel + 0.5 - sum(f.whole[:2]) / 2) for f in fields]
            near = [y for y in range(height) if away[y] == min(away) and seen[y]]
            of = [y for y in range(height) if found[y] < pixel + 1 and found[y + 1] > pixel]
            assert of == near


def test_a_layer_without_a_map_has_no_borders():
    config = NetworkConfig(n_classes=2, T=1, dt_ms=1.0, input_size=(8, 8), hidden=(4,))
    for layer in ("fc1", "conv9"):
        with pytest.raises(ValueError, match=f"no map of '{layer}'; there are conv1"):
            borders(config, layer)
