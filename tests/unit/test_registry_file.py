"""The registry: kept through restarts and cuts, owner-only, never showing a secret."""

import os
import stat
from pathlib import Path

import msgspec
import pytest

from hub.devices.errors import RegistryError
from hub.devices.registry import Device, Registry

SECRET = "ab" * 32


def device(name: str = "ev1", window: str | None = "1", secret: str = SECRET) -> Device:
    """A device."""
    return Device(
        device=name,
        role="evaluator",
        window=window,
        epoch="00112233445566aa",
        secret=secret,
        board="rpi_pico",
        registered_at="2026-11-21T09:00:00.000+08:00",
    )


def test_what_was_registered_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "registry.json"
    registry = Registry(path)
    registry.register(device())
    registry.register(device("ev2", "2"))
    registry.register(device(secret="cd" * 32))
    registry.close()
    again = Registry(path)
    assert [entry.device for entry in again.all()] == ["ev1", "ev2"]
    found = again.find("ev1")
    assert found is not None
    assert found.secret_bytes == bytes.fromhex("cd" * 32)
    assert [entry.device for entry in again.evaluators("2")] == ["ev2"]
    again.close()


def test_secrets_are_for_the_owner_and_for_the_wire_only(tmp_path: Path) -> None:
    path = tmp_path / "registry.json"
    registry = Registry(path)
    registry.register(device())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    [entry] = registry.all()
    assert SECRET not in repr(entry)
    assert SECRET not in str(entry.public())
    registry.close()


def test_a_new_box_at_a_window_displaces_the_old_one_but_keeps_it_known(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "registry.json")
    registry.register(device("old"))
    [displaced] = registry.register(device("new"))
    assert (displaced.device, displaced.window) == ("old", None)
    assert [entry.device for entry in registry.evaluators("1")] == ["new"]
    assert registry.find("old") is not None
    registry.close()


@pytest.mark.parametrize(
    "content", [b"{", b"", b"[]", b"\xff", b'{"devices": 3}', b'{"devices": {"1": {"device": "x"}}}', b"[" * 9999]
)
def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "registry.json"
    path.write_bytes(content)
    with pytest.raises(RegistryError, match=r"registry\.json"):
        Registry(path)
    assert path.read_bytes() == content


def test_a_write_that_fails_leaves_the_old_file_and_the_old_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "registry.json"
    registry = Registry(path)
    registry.register(device())
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(RegistryError, match="No space left"):
            registry.register(device("ev2", "2"))
    assert path.read_bytes() == before
    assert registry.find("ev2") is None
    registry.register(device("ev2", "2"))
    registry.close()
    assert Registry(path).find("ev2") is not None


def test_a_device_is_frozen() -> None:
    with pytest.raises(AttributeError):
        device().secret = "x"
    assert "secret" in msgspec.structs.asdict(device())
