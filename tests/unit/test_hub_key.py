"""The hub's key: secrets sealed at rest, an older hub's registry taken in, another key, a lost one."""

import base64
import json
import os
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from common.settings import SettingsError
from hub import config as hub_config
from hub.devices import key_file, unlocking
from hub.devices.errors import HubKeyError, RegistryError
from hub.devices.registry import Device, Registry
from hub.devices.sealing import Keyring, key_id
from tests.disk_cuts import images
from tools.cli import cli
from tools.operations import keys as operations
from tools.operations.errors import OperationsError

SECRETS = {f"ev{number}": os.urandom(32).hex() for number in range(1, 4)}
HUB = """[hall]
id = "h1"
name = "测试厅"
[paths]
data = "data"
{key}[[services]]
id = "A"
prefix = "A"
name = "社保"
[[windows]]
id = "1"
name = "1号窗口"
services = ["A"]
"""


def device(name: str, window: str | None = None) -> Device:
    return Device(
        device=name,
        role="evaluator",
        window=window,
        epoch="00112233445566aa",
        secret=SECRETS[name],
        board="rpi_pico",
        registered_at="2026-11-21T09:00:00.000+08:00",
    )


def no_log(_event: str, **_fields: Any) -> None:
    """Nobody reads it."""


def start(folder: Path, environment: dict[str, str] | None = None) -> Registry:
    """As the hub opens it."""
    said = folder / "hub.key"
    return unlocking.open_registry(folder / "data/registry.json", said, environment or {}, os.urandom, no_log)  # type: ignore[arg-type]


def plain(folder: Path) -> None:
    """What a hub before this one left: secrets in the clear, and a registry that a restore had set aside."""
    (folder / "data").mkdir(parents=True)
    registry = Registry(folder / "data/registry.json")
    for name in SECRETS:
        registry.register(device(name))
    registry.close()
    path = folder / "data/registry.json"
    path.with_name("registry.json.replaced-1").write_bytes(path.read_bytes())
    assert shown(folder)


def shown(folder: Path) -> list[str]:
    """Files of the data in which a secret stands, in any of the forms in which one may stand."""
    forms = []
    for secret in SECRETS.values():
        raw = bytes.fromhex(secret)
        forms += [secret.encode(), secret.upper().encode(), raw, base64.b64encode(raw), base64.urlsafe_b64encode(raw)]
    files = [path for path in (folder / "data").rglob("*") if path.is_file()]
    return [path.name for path in files if any(form in path.read_bytes() for form in forms)]


def secrets(registry: Registry) -> dict[str, str]:
    registry.close()
    return {each.device: each.secret for each in registry.all()}


def settings(folder: Path, key: str = "") -> Path:
    path = folder / "hub.toml"
    path.write_text(HUB.format(key=key), "utf-8")
    return path


def test_a_new_hubs_secrets_are_sealed_and_its_key_lies_apart(tmp_path: Path) -> None:
    registry = start(tmp_path)
    for name in SECRETS:
        registry.register(device(name, "1"))
    registry.keep_lines({"ev3": "/dev/ttyACM0"})
    assert shown(tmp_path) == []
    assert registry.sealing() == {"sealed": 3, "of": 3, "key": registry.sealing()["key"], "why": "", "aside": []}
    assert secrets(registry) == SECRETS
    place = tmp_path / "hub.key"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert key_id(key_file.read(place)[0]) == registry.sealing()["key"]
    again = start(tmp_path)
    assert secrets(again) == SECRETS
    assert again.find("ev3") is not None
    # A seal is made once, not at each write: what stands in the file stays.
    before = (tmp_path / "data/registry.json").read_bytes()
    again.keep_lines({"ev3": "/dev/ttyACM0"})
    assert (tmp_path / "data/registry.json").read_bytes() == before


def test_a_seal_opens_in_its_own_row_only(tmp_path: Path) -> None:
    registry = start(tmp_path)
    for name in SECRETS:
        registry.register(device(name))
    registry.close()
    path = tmp_path / "data/registry.json"
    rows = json.loads(path.read_bytes())["devices"]
    for change in (
        {"sealed": rows["2"]["sealed"]},
        {"epoch": "ff" * 8},
        {"sealed": rows["1"]["sealed"][:-8] + "AAAAAAA="},
    ):
        path.write_text(json.dumps({"devices": rows | {"1": rows["1"] | change}}), "utf-8")
        with pytest.raises(RegistryError, match="'ev1' is not what was written under key"):
            start(tmp_path)


def test_an_older_hubs_secrets_are_sealed_and_a_cut_at_any_step_loses_none(tmp_path: Path) -> None:
    plain(tmp_path / "hub")
    (tmp_path / "hub/data/registry.json.new").write_text(next(iter(SECRETS.values())), "utf-8")  # a cut's leftover
    kept, count = images(tmp_path / "hub", tmp_path / "cuts", lambda: start(tmp_path / "hub").close())
    print(f"sealing an older registry: {count} operations, {len(kept)} cuts")
    assert count == 9  # sync, rename, sync of the folder: for the key, the registry and what was set aside
    assert len(kept) == count + 1
    for image in kept:
        assert secrets(start(image)) == SECRETS
        assert shown(image) == []
    assert shown(tmp_path / "hub") == []


def again_with_former(image: Path) -> bool:
    """Typed again as it was; not where it had ended, for then another exchange would begin."""
    return (
        not (image / "former.key").exists()
        or len(key_file.read(image / "hub.key")) == 2
        or (key_file.read(image / "former.key") == key_file.read(image / "hub.key"))
    )


def test_another_key_and_a_cut_at_any_step_loses_none(tmp_path: Path) -> None:
    plain(tmp_path / "hub")
    old = str(start(tmp_path / "hub").sealing()["key"])
    config = settings(tmp_path / "hub")
    rotated: list[operations.Rotated] = []
    kept, count = images(
        tmp_path / "hub",
        tmp_path / "cuts",
        lambda: rotated.append(operations.rotate(config, tmp_path / "hub/former.key", os.urandom)),
    )
    print(f"another key: {count} operations, {len(kept)} cuts")
    # Three each for the former key's own file, both keys, the registry, what was set aside, the new key.
    assert count == 15
    assert len(kept) == count + 1
    [done] = rotated
    assert (done.old, done.finished, done.boxes) == (old, False, 3)
    for image in kept:
        # The same command ends what was broken off, whether a hub was started in between or not.
        assert secrets(start(image)) == SECRETS
        assert secrets(start(image)) == SECRETS
        before = [key_id(key) for key in key_file.read(image / "hub.key")]
        again = operations.rotate(
            image / "hub.toml", image / "former.key" if again_with_former(image) else None, os.urandom
        )
        assert again.finished == (len(before) == 2)
        assert [key_id(key) for key in key_file.read(image / "hub.key")] == [again.new]
        if again.finished:
            assert again.new == before[0]
        assert secrets(start(image)) == SECRETS
        assert shown(image) == []
    with pytest.raises(OperationsError, match="holds another key"):
        operations.rotate(config, tmp_path / "hub/former.key", os.urandom)
    # Under the former key opens what was sealed before.
    assert [key_id(key) for key in key_file.read(tmp_path / "hub/former.key")] == [old]
    with pytest.raises(RegistryError, match=f"and the keys here are {old}"):
        Registry(tmp_path / "hub/data/registry.json", Keyring(key_file.read(tmp_path / "hub/former.key"), os.urandom))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "the hub's key is missing"),
        (b"", "is no key file of a hub"),
        (b"00" * 31 + b"\n", "is no key file of a hub"),
        (b"\xff\xfe", "is no key file of a hub"),
        (b"ab" * 32 + b"\n" + b"cd" * 32 + b"\n" + b"ef" * 32, "is no key file of a hub"),
        (b"# \n" * 5000 + b"ab" * 32, "is no key file of a hub"),
        (b"ab" * 32, "is sealed under key"),
    ],
)
def test_a_missing_or_wrong_key_is_named_and_nothing_is_lost(tmp_path: Path, content: bytes | None, text: str) -> None:
    plain(tmp_path)
    start(tmp_path).close()
    place, registry = tmp_path / "hub.key", tmp_path / "data/registry.json"
    right, before = place.read_bytes(), registry.read_bytes()
    place.unlink()
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(RegistryError) as raised:
        start(tmp_path)
    said = str(raised.value)
    assert text in said
    assert "Put back the key file" in said
    assert "nothing was changed" in said
    assert "abab" not in said
    assert place.exists() == (content is not None)  # no new key is made where the old one is missing
    assert registry.read_bytes() == before
    place.write_bytes(right)
    assert secrets(start(tmp_path)) == SECRETS


def test_a_hub_that_can_make_no_key_goes_on_and_takes_nothing_new(tmp_path: Path) -> None:
    plain(tmp_path)
    (tmp_path / "hub.key").mkdir()  # nothing can be read or written there, by root neither
    registry = start(tmp_path)
    assert "can't be read" in registry.unsealed
    assert registry.sealing()["sealed"] == 0
    registry.keep_lines({"ev1": "/dev/ttyACM0"})
    with pytest.raises(RegistryError, match=r"could not be sealed.*Nothing was changed"):
        registry.register(msgspec.structs.replace(device("ev1"), device="ev9"))
    assert secrets(registry) == SECRETS
    (tmp_path / "hub.key").rmdir()
    assert secrets(start(tmp_path)) == SECRETS
    assert shown(tmp_path) == []


def test_a_key_where_nobody_may_look_keeps_no_hub_from_its_start(tmp_path: Path) -> None:
    plain(tmp_path)
    # As a folder that can't be entered: to be asked whether it is there is refused, to root as well.
    said = tmp_path / ("k" * 300) / "hub.key"
    with pytest.raises(OSError, match="File name too long"):
        said.exists()
    registry = unlocking.open_registry(tmp_path / "data/registry.json", said, {}, os.urandom, no_log)  # type: ignore[arg-type]
    assert "can't be read (File name too long)" in registry.unsealed
    assert secrets(registry) == SECRETS


def test_a_damaged_registry_that_was_moved_away_holds_nothing_up(tmp_path: Path) -> None:
    plain(tmp_path)
    path = tmp_path / "data/registry.json"
    whole = path.read_text("utf-8")
    damaged = {
        "cut": whole[:-20],
        "damaged": "[1]",
        "rows": '{"devices": {"1": 5}}',
        "odd": whole.replace('"secret": "', '"secret": "x'),
    }
    for name, content in damaged.items():
        path.with_name(f"registry.json.{name}").write_text(content, "utf-8")
    path.with_name("registry.json.folder").mkdir()
    logged: list[tuple[str, str]] = []

    def log(event: str, **fields: Any) -> None:
        logged.append((event, fields["file"]))

    registry = unlocking.open_registry(path, tmp_path / "hub.key", {}, os.urandom, log)  # type: ignore[arg-type]
    names = [f"registry.json.{name}" for name in sorted([*damaged, "folder"])]
    assert (registry.sealing()["why"], registry.sealing()["aside"], registry.sealing()["sealed"]) == ("", names, 3)
    assert logged == [("hub.registry_aside_unread", name) for name in names]
    assert secrets(registry) == SECRETS
    assert "sealed" in path.with_name("registry.json.replaced-1").read_text("utf-8")  # the last of them in the folder
    # Another key takes the place of this one, and is the only one afterwards.
    assert "The secrets of 3 boxes" in run("rotate", "--config", str(settings(tmp_path)), "--lang", "en")
    assert len(key_file.read(tmp_path / "hub.key")) == 1


def test_a_disk_that_takes_nothing_is_told_and_the_boxes_are_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain(tmp_path)
    key_file.write(tmp_path / "hub.key", [os.urandom(32)])

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        registry = start(tmp_path)
    assert "No space left" in registry.sealing()["why"]
    assert registry.sealing()["sealed"] == 0
    # The next write that goes through seals them all.
    registry.keep_lines({"ev1": "/dev/ttyACM0"})
    assert registry.sealing()["why"] == ""
    assert registry.sealing()["sealed"] == 3
    assert secrets(registry) == SECRETS


def test_the_service_managers_credential_comes_first(tmp_path: Path) -> None:
    handed = tmp_path / "credentials"
    handed.mkdir()
    environment = {key_file.CREDENTIALS: str(handed)}
    assert key_file.find(tmp_path / "hub.key", environment) == tmp_path / "hub.key"
    (handed / "hub.key").write_text(f"{key_file.NONE_GIVEN}\n", "utf-8")
    assert key_file.find(tmp_path / "hub.key", environment) == tmp_path / "hub.key"
    key_file.write(handed / "hub.key", [b"k" * 32])
    registry = start(tmp_path, environment)
    registry.register(device("ev1"))
    assert not (tmp_path / "hub.key").exists()
    assert registry.sealing()["key"] == key_id(b"k" * 32)
    registry.close()


def test_the_key_does_not_lie_in_the_data_that_it_protects(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"paths\.hub_key: .* lies in paths\.data"):
        hub_config.load(settings(tmp_path, 'hub_key = "data/hub.key"\n'))
    assert hub_config.load(settings(tmp_path)).paths.hub_key == str(tmp_path / "hub.key")


def run(*words: str, status: int = 0) -> str:
    result = CliRunner().invoke(cli, ["hub", "key", *words])
    assert result.exit_code == status, result.output
    return result.output


def test_what_a_person_types_about_the_key(tmp_path: Path) -> None:
    config = str(settings(tmp_path))
    (tmp_path / "data").mkdir()
    assert "the hub's key is missing" in run("show", "--config", config, "--lang", "en", status=1)
    assert "is made" in run("make", "--config", config, "--lang", "en")
    assert "a key is there already" in run("make", "--config", config, status=1)
    registry = start(tmp_path)
    for name in SECRETS:
        registry.register(device(name))
    registry.close()
    said = json.loads(run("show", "--config", config, "--lang", "en", "--json"))
    assert (said["well"], said["boxes"], said["sealed"], len(said["keys"])) == (True, 3, 3, 1)
    (tmp_path / "hub.key").chmod(0o644)
    assert "others than its owner may read" in run("show", "--config", config, "--lang", "en", status=1)
    assert "主机密钥：除所有者外" in run("show", "--config", config, status=1)
    (tmp_path / "hub.key").chmod(0o600)
    (content,) = key_file.read(tmp_path / "hub.key")
    rotated = run("rotate", "--config", config, "--lang", "en")
    assert "The secrets of 3 boxes are sealed under key" in rotated
    assert "without the boxes' secrets only" in rotated
    assert content.hex() not in rotated + run("show", "--config", config)
    (tmp_path / "hub.key").unlink()
    assert "is sealed under key" in run("make", "--config", config, status=1)
    assert "is missing" in run("rotate", "--config", config, status=1)
    with pytest.raises(HubKeyError):
        key_file.read(tmp_path / "hub.key")
