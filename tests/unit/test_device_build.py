"""Two terminals may build the same firmware at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tools.device import build
from tools.device.errors import DeviceError


def test_builds_side_by_side_do_not_take_each_others_files() -> None:
    with ThreadPoolExecutor(3) as pool:
        images = list(pool.map(lambda _: build.build("evaluator", "rpi_pico"), range(3)))
    assert len({image.version for image in images}) == 1
    for image in images:
        assert all(path.is_file() for path in image.files.values())


def test_a_board_that_lacks_a_roles_pins_is_refused_by_name() -> None:
    with pytest.raises(DeviceError, match=r"esp32_c3 can't be a dispenser: it has no DISPENSER_.*rpi_pico, rpi_pico_w"):
        build.build("dispenser", "esp32_c3")
