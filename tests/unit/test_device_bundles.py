"""Signed updates: what is believed, and why the rest is not."""

import tracemalloc
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from protocol import updating
from tools.device import bundles
from tools.device.build import Image
from tools.device.errors import DeviceError
from tools.device.update_commands import sign, signing_key

CONTENT = {"firmware/main.mpy": b"main" * 300, "firmware/__init__.mpy": b"0.2.0"}


def image(folder: Path) -> Image:
    files = {}
    for name, data in {"main.py": b"fixed", "start.mpy": b"fixed", **{f"a/{n}": d for n, d in CONTENT.items()}}.items():
        path = folder / name.replace("/", "_")
        path.write_bytes(data)
        files[name] = path
    return Image("0.2.0+abc", files)


def made(folder: Path) -> tuple[Path, Path]:
    """A bundle with two targets, and the public key."""
    bundles.make_key(folder / "key")
    targets = [("evaluator", "rpi_pico", image(folder)), ("caller", "rpi_pico", image(folder))]
    path = folder / "hall.update"
    path.write_bytes(bundles.write(targets, 1_795_000_000, folder / "key"))
    return path, folder / "key.pub"


def changed(path: Path, **names: bytes | None) -> Path:
    """The same zip with other content under some names; None leaves one out."""
    with zipfile.ZipFile(path) as old:
        content = {name: old.read(name) for name in old.namelist()}
    for end, data in names.items():
        name = next(name for name in content if name.startswith("evaluator") and name.endswith(end))
        if data is None:
            del content[name]
        else:
            content[name] = data
    fresh = path.with_name("changed.update")
    with zipfile.ZipFile(fresh, "w") as new:
        for name, data in content.items():
            new.writestr(name, data)
    return fresh


def test_what_was_signed_is_read_and_what_is_in_no_slot_stays_out(tmp_path):
    path, public = made(tmp_path)
    found = bundles.read(path, public)
    assert sorted(found) == [("caller", "rpi_pico"), ("evaluator", "rpi_pico")]
    target = found["evaluator", "rpi_pico"]
    assert target.files == CONTENT
    assert (target.version, target.made) == ("0.2.0+abc", 1_795_000_000)
    assert updating.read_manifest(target.manifest)[0][2:] == ("evaluator", "rpi_pico")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == bundles.write(
        [("evaluator", "rpi_pico", image(tmp_path)), ("caller", "rpi_pico", image(tmp_path))],
        1_795_000_000,
        tmp_path / "key",
    )


def test_a_changed_file_manifest_or_signature_is_refused(tmp_path):
    path, public = made(tmp_path)
    with zipfile.ZipFile(path) as bundle:
        manifest = bundle.read("evaluator-rpi_pico/manifest")
        signature = bundle.read("evaluator-rpi_pico/signature")
    for wrong, words in (
        ({"main.mpy": b"other"}, "main.mpy of evaluator-rpi_pico is not what was signed"),
        ({"main.mpy": None}, "lacks firmware/main.mpy"),
        ({"manifest": manifest.replace(b"0.2.0", b"0.3.0")}, "not signed with this key, or was changed"),
        ({"manifest": manifest[:-30]}, "not signed with this key, or was changed"),
        ({"signature": signature[:-1] + b"x"}, "not signed with this key"),
        ({"signature": None}, "is not signed"),
        ({"manifest": None}, "is not signed"),
    ):
        with pytest.raises(DeviceError, match=words):
            bundles.read(changed(path, **wrong), public)


def test_another_key_or_a_file_added_is_refused(tmp_path):
    path, public = made(tmp_path)
    bundles.make_key(tmp_path / "other")
    with pytest.raises(DeviceError, match="not signed with this key"):
        bundles.read(path, tmp_path / "other.pub")
    with zipfile.ZipFile(path, "a") as bundle:
        bundle.writestr("evaluator-rpi_pico/files/firmware/more.mpy", b"more")
    with pytest.raises(DeviceError, match=r"more\.mpy of evaluator-rpi_pico is not what was signed"):
        bundles.read(path, public)


def test_a_key_is_made_and_an_update_signed_in_chinese_and_in_english(tmp_path):
    for lang, made_words, signed_words in (
        ("zh-CN", "只给签名的人", "已签名"),
        ("en", "for whoever signs, and nobody else", "bytes, signed"),
    ):
        key, bundle = tmp_path / f"key-{lang}", tmp_path / f"{lang}.update"
        done = CliRunner().invoke(signing_key, [str(key), "--lang", lang])
        assert done.exit_code == 0, done.output
        assert made_words in done.output
        assert key.with_name(f"{key.name}.pub").read_text("utf-8").strip() in done.output
        only = ["--key", str(key), "--role", "evaluator", "--board", "rpi_pico"]
        done = CliRunner().invoke(sign, [str(bundle), *only, "--lang", lang])
        assert done.exit_code == 0, done.output
        assert signed_words in done.output
        assert ("on rpi_pico, version" in done.output) == (lang == "en")
        assert ("evaluator", "rpi_pico") in bundles.read(bundle, key.with_name(f"{key.name}.pub"))
    assert CliRunner().invoke(signing_key, [str(tmp_path / "fresh")]).output.count("给") == 3, "Chinese unless asked"


def test_a_bundle_cut_off_anywhere_is_refused(tmp_path):
    path, public = made(tmp_path)
    whole = path.read_bytes()
    for size in range(0, len(whole), 37):
        path.write_bytes(whole[:size])
        with pytest.raises(DeviceError, match="cut off or damaged"):
            bundles.read(path, public)


def test_a_bundle_damaged_anywhere_is_refused_or_gives_what_was_signed(tmp_path):
    path, public = made(tmp_path)
    whole = path.read_bytes()
    signed = bundles.read(path, public)
    refused = 0
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            found = bundles.read(path, public)
        except DeviceError:
            refused += 1
        else:  # what nobody reads, or an end of the table of contents that takes whole targets with it
            assert all(signed[box] == target for box, target in found.items())
    assert refused > len(whole) // 2


def test_two_firmwares_for_one_kind_of_box_are_refused(tmp_path):
    path, public = made(tmp_path)
    with zipfile.ZipFile(path, "a") as bundle:
        for name in bundle.namelist():
            if name.startswith("evaluator-rpi_pico/"):
                bundle.writestr(name.replace("evaluator-rpi_pico", "older"), bundle.read(name))
    with pytest.raises(DeviceError, match="two firmwares for evaluator on rpi_pico, the second in older"):
        bundles.read(path, public)


def test_a_key_is_made_once_and_a_missing_one_is_named(tmp_path):
    path, _ = made(tmp_path)
    with pytest.raises(DeviceError, match="is there already"):
        bundles.make_key(tmp_path / "key")
    with pytest.raises(DeviceError, match="can't be read"):
        bundles.read(path, tmp_path / "nothing.pub")
    with pytest.raises(DeviceError, match="signing-key"):
        bundles.write([], 1, tmp_path / "nothing")


def pretending(path: Path, kind: int, content: bytes, said: int = 10) -> Path:
    """A zip of one file of which the table of contents says another size."""
    with zipfile.ZipFile(path, "w", kind) as bundle:
        bundle.writestr("evaluator-rpi_pico/manifest", content)
    packed = bytearray(path.read_bytes())
    entry = packed.index(b"PK\x01\x02")
    packed[entry + 24 : entry + 28] = said.to_bytes(4, "little")
    path.write_bytes(packed)
    return path


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED])
def test_what_pretends_to_be_small_is_not_unpacked(tmp_path, kind):
    _, public = made(tmp_path)
    bomb = pretending(tmp_path / "bomb.update", kind, bytes(32 * 1024 * 1024))
    tracemalloc.start()
    try:
        with pytest.raises(DeviceError, match=r"packed in a way|cut off or damaged"):
            bundles.read(bomb, public)
        assert tracemalloc.get_traced_memory()[1] < 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("damaged", [True, False])
def test_what_no_update_is_packed_with_is_refused_in_words(tmp_path, damaged):
    path, public = made(tmp_path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as bundle:
        bundle.writestr("evaluator-rpi_pico/manifest", b"x" * 300)
    if damaged:
        packed = bytearray(path.read_bytes())
        packed[70:80] = bytes(10)
        path.write_bytes(packed)
    with pytest.raises(DeviceError, match="packed in a way"):
        bundles.read(path, public)


def test_a_file_that_is_shorter_than_it_says_is_refused(tmp_path):
    _, public = made(tmp_path)
    short = pretending(tmp_path / "short.update", zipfile.ZIP_DEFLATED, b"x" * 300, 305)
    with pytest.raises(DeviceError, match="manifest has another size than it says"):
        bundles.read(short, public)
