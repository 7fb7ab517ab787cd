"""A settings file: every mistake is one line naming file, key and what is allowed."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

from common import settings
from common.settings import SettingsError, key


class Door(msgspec.Struct, frozen=True):
    port: Annotated[int, key("port to listen on", ge=0, le=65535)] = 8080
    mode: Annotated[Literal["open", "shut"], key("what it does")] = "open"


class Window(msgspec.Struct, frozen=True):
    id: Annotated[str, key("the window's id", pattern="^[a-z0-9]+$")]
    services: Annotated[tuple[str, ...], key("its services")] = ()
    note: Annotated[str | None, key("anything")] = None


class House(msgspec.Struct, frozen=True):
    door: Door = Door()
    windows: tuple[Window, ...] = ()


def load(tmp_path: Path, text: str) -> House:
    path = tmp_path / "house.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return settings.load(path, House)


def test_a_right_file_is_frozen(tmp_path: Path) -> None:
    house = load(tmp_path, '[door]\nport = 1\n[[windows]]\nid = "a1"\nservices = ["A"]\n')
    assert house == House(Door(1), (Window("a1", ("A",)),))
    with pytest.raises(AttributeError):
        house.door = Door()  # type: ignore[misc]  # that it can't be set is the point


WRONG = {
    "unknown table": ("[dor]\n", "dor: there is no such key; did you mean 'door'; allowed here: door, windows"),
    "unknown key": ("[door]\nprot = 1\n", "door.prot: there is no such key; did you mean 'port'"),
    "unknown key in a list": ('[[windows]]\nid = "a"\nx = 1\n', "windows[0].x: there is no such key; allowed here: id"),
    "too large": ("[door]\nport = 70000\n", "door.port: 70000 is not allowed here: Expected `int` <= 65535 (port to"),
    "wrong type": ('[door]\nport = "1"\n', "door.port: '1' is not allowed here: Expected `int`, got `str`"),
    "wrong word": ('[door]\nmode = "ajar"\n', "door.mode: 'ajar' is not allowed here"),
    "wrong word, allowed ones": ('[door]\nmode = "ajar"\n', "'open' or 'shut'"),
    "missing": ("[[windows]]\n", "windows[0]: Object missing required field `id`"),
    "wrong text": ('[[windows]]\nid = "a"\n[[windows]]\nid = "A"\n', "windows[1].id: 'A' is not allowed here"),
    "not a table": ("door = 3\n", "door: 3 is not allowed here: Expected `object`"),
    "not TOML": ("door = [\n", "not TOML"),
    "not UTF-8": ("note = '\udcff'\n", "can't be read"),
}


@pytest.mark.parametrize(("text", "wanted"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_one_line(tmp_path: Path, text: str, wanted: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert wanted in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'house.toml'}: ")
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_how_to_name_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file; say where it is with --config"):
        settings.load(tmp_path / "none.toml", House)


def test_the_reference_has_every_key() -> None:
    assert settings.rows(House) == [
        ("door.port", "number ≥ 0 ≤ 65535", "8080", "port to listen on"),
        ("door.mode", "'open' or 'shut'", '"open"', "what it does"),
        ("windows[].id", "text matching ^[a-z0-9]+$", "needed", "the window's id"),
        ("windows[].services", "list", "[]", "its services"),
        ("windows[].note", "text", "none", "anything"),
    ]
    assert "| `door.port` | number ≥ 0 ≤ 65535 | `8080` | port to listen on |" in settings.reference(House)
