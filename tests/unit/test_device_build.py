"""Two terminals may build the same firmware at the same time."""

from concurrent.futures import ThreadPoolExecutor

from tools.device import build


def test_builds_side_by_side_do_not_take_each_others_files() -> None:
    with ThreadPoolExecutor(3) as pool:
        images = list(pool.map(lambda _: build.build("evaluator", "rpi_pico"), range(3)))
    assert len({image.version for image in images}) == 1
    for image in images:
        assert all(path.is_file() for path in image.files.values())
