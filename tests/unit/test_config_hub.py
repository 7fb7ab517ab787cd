"""The hub's configuration: every key documented, every wrong one a line that says what is allowed."""

from pathlib import Path

import pytest

from common.settings import SettingsError
from hub import config

GOOD = """
[hall]
id = "qingxi"
name = "青溪县政务服务中心"
[paths]
data = "var/hub"
[center]
url = "https://center.example"
token_file = "center.token"
[[services]]
id = "A"
prefix = "A"
name = "社保"
[[windows]]
id = "1"
name = "1号窗口"
services = ["A"]
[[links]]
url = "/dev/ttyUSB0"
[[links]]
url = "socket://127.0.0.1:4000"
"""


def write(folder: Path, text: str) -> Path:
    """The file, with the token beside it."""
    (folder / "center.token").write_text("secret-token\n", "utf-8")
    path = folder / "hub.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_good_file_is_read_with_paths_beside_it(tmp_path: Path) -> None:
    found = config.load(write(tmp_path, GOOD))
    assert found.paths.data == str(tmp_path / "var/hub")
    assert found.center is not None
    assert found.center.token == "secret-token"
    assert found.hall.invitation_s == 20
    assert [link.url for link in found.links] == ["/dev/ttyUSB0", "socket://127.0.0.1:4000"]
    with pytest.raises(AttributeError):
        found.hall.id = "other"


WRONG = [
    ('id = "qingxi"\n', "", "hall"),
    ("[hall]", "[halls]", "did you mean 'hall'"),
    ('prefix = "A"', 'prefix = "a"', "services[0].prefix"),
    ('id = "qingxi"', 'id = "qing xi"', "hall.id"),
    ("[paths]", 'closing = "25:00"\n[paths]', "hall.closing"),
    ("[paths]", "priority_one_in = 1\n[paths]", "hall.priority_one_in"),
    ('prefix = "A"', 'prefix = "A"\nhours = ["9-12"]', "services[0].hours"),
    ('prefix = "A"', 'prefix = "A"\nfirst_number = 9\nlast_number = 8', "last number is before its first"),
    ('services = ["A"]', 'services = ["A", "B"]', "no service 'B'; allowed here: A"),
    ('services = ["A"]', "services = []", "windows[0].services"),
    ('url = "/dev/ttyUSB0"', 'url = "ttyUSB0"', "links[0].url"),
    ('url = "/dev/ttyUSB0"', 'url = "socket://127.0.0.1:4000"', "stands there twice"),
    ('token_file = "center.token"', "", "give token or token_file"),
    ('token_file = "center.token"', 'token_file = "none.token"', "none.token can't be read"),
    ('token_file = "center.token"', 'token = "two words"', "center.token"),
    ('url = "https://center.example"', 'url = "center.example"', "center.url"),
]


@pytest.mark.parametrize(("part", "instead", "named"), WRONG)
def test_a_wrong_key_or_value_is_one_line_naming_it(tmp_path: Path, part: str, instead: str, named: str) -> None:
    assert part in GOOD
    path = write(tmp_path, GOOD.replace(part, instead, 1))
    with pytest.raises(SettingsError) as caught:
        config.load(path)
    assert str(path) in str(caught.value)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_rules_of_services_reach_the_layout(tmp_path: Path) -> None:
    rules = """first_number = 100
last_number = 199
hours = ["09:00-12:00", "13:30-17:00"]
last_ticket_min = 20
daily_cap = 50
"""
    text = GOOD.replace('name = "社保"\n', 'name = "社保"\n' + rules).replace(
        "[paths]", 'closing = "17:45"\npriority_one_in = 4\nappointment_grace_min = 10\n[paths]'
    )
    layout = config.layout(config.load(write(tmp_path, text)))
    (service,) = layout.services
    assert (service.first_number, service.last_number, service.daily_cap) == (100, 199, 50)
    assert (service.hours, service.last_ticket_min) == (((540, 720), (810, 1020)), 20)
    assert (layout.sweep_minute, layout.one_in, layout.grace_ms) == (1065, 4, 600_000)


def test_services_may_share_a_prefix_where_their_numbers_are_apart(tmp_path: Path) -> None:
    second = '[[services]]\nid = "B"\nprefix = "A"\nname = "税务"\nfirst_number = 500\n[[windows]]'
    text = GOOD.replace("[[windows]]", second, 1)
    with pytest.raises(SettingsError, match="share the prefix 'A'"):
        config.load(write(tmp_path, text))
    config.load(write(tmp_path, text.replace('name = "社保"', 'name = "社保"\nlast_number = 499')))


def test_every_key_has_a_meaning() -> None:
    rows = config.reference()
    assert len(rows) > 20
    for name, allowed, default, meaning in rows:
        assert allowed, name
        assert default, name
        assert meaning, name
