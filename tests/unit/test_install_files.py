"""`tingting hub|center install` into a folder: once, twice, after a change, and away again."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

import center.config
import hub.config
from common import settings
from hub.devices import key_file
from hub.devices.registry import Device, Registry
from hub.devices.sealing import Keyring
from tools.cli import cli
from tools.install import plans

PROGRAM = "/opt/tingting/bin/tingting"
HUB = (
    "hub",
    ["--hall-id", "qingxi", "--name", '青溪"县"政务服务中心', "--windows", "3", "--link", "/dev/tingting/E66"],
)
CENTER = ("center", ["--hall", "qingxi=青溪县政务服务中心", "--hall", "liuhe=柳河镇便民中心"])


def run(*words: str, status: int = 0) -> str:
    """What the command says."""
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == status, result.output
    return result.output


def install(root: Path, server: str, *more: str, status: int = 0) -> str:
    """Into a folder."""
    return run(server, "install", "--root", str(root), "--program", PROGRAM, *more, status=status)


def tree(root: Path) -> dict[str, tuple[str, int, int]]:
    """Every file below: content or target, mode, time of its last change."""
    return {
        str(path.relative_to(root)): (
            str(path.readlink()) if path.is_symlink() else path.read_text("utf-8"),
            path.lstat().st_mode,
            path.lstat().st_mtime_ns,
        )
        for path in sorted(root.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


@pytest.mark.parametrize(("server", "options"), [HUB, CENTER])
def test_the_second_time_changes_nothing_and_says_so(tmp_path: Path, server: str, options: list[str]) -> None:
    said = install(tmp_path, server, *options)
    before = tree(tmp_path)
    assert said.count("new: ") == len(before)
    assert "nothing to change" in install(tmp_path, server, *options)
    assert "nothing to change" in install(tmp_path, server)  # an update knows from the file which hall this is
    assert tree(tmp_path) == before
    link = tmp_path / f"etc/systemd/system/multi-user.target.wants/tingting-{server}.service"
    assert link.resolve() == tmp_path / f"etc/systemd/system/tingting-{server}.service"


@pytest.mark.parametrize(("server", "options"), [HUB, CENTER])
def test_a_dry_run_shows_the_difference_and_writes_nothing(tmp_path: Path, server: str, options: list[str]) -> None:
    shown = install(tmp_path, server, *options, "--dry-run")
    assert f"+ExecStart={PROGRAM} {server} run --config /etc/tingting/{server}.toml" in shown
    assert not list(tmp_path.iterdir())
    install(tmp_path, server, *options)
    unit = tmp_path / f"etc/systemd/system/tingting-{server}.service"
    unit.write_text(unit.read_text("utf-8").replace("Restart=always", "Restart=no"), "utf-8")
    before = tree(tmp_path)
    shown = install(tmp_path, server, "--dry-run")
    assert "-Restart=no\n+Restart=always\n" in shown
    assert tree(tmp_path) == before
    assert install(tmp_path, server).count("changed: ") == 1
    assert "Restart=always" in unit.read_text("utf-8")


def test_settings_are_the_owners_after_the_first_time(tmp_path: Path) -> None:
    install(tmp_path, *(HUB[0], *HUB[1]))
    path = tmp_path / "etc/tingting/hub.toml"
    path.write_text(path.read_text("utf-8") + "# mine\n", "utf-8")
    assert "kept: it is yours to edit: /etc/tingting/hub.toml" in install(
        tmp_path, "hub", "--hall-id", "x", "--name", "y"
    )
    run("hub", "uninstall", "--root", str(tmp_path))
    assert list(tree(tmp_path)) == ["etc/tingting/hub.key", "etc/tingting/hub.toml"]
    assert path.read_text("utf-8").endswith("# mine\n")
    assert "nothing to take away" in run("hub", "uninstall", "--root", str(tmp_path))


def test_the_hubs_file_loads_and_explains_every_key(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-token\n", "utf-8")
    said = install(tmp_path, HUB[0], *HUB[1], "--center", "http://center:8090", "--center-token-file", str(token))
    assert "a-token" not in said
    path = tmp_path / "etc/tingting/hub.toml"
    config = hub.config.load(path)
    assert (config.hall.id, config.hall.name, len(config.windows)) == ("qingxi", '青溪"县"政务服务中心', 3)
    assert config.center is not None
    assert config.center.token == "a-token"
    assert [link.url for link in config.links] == ["/dev/tingting/E66"]
    assert (tmp_path / "etc/tingting/center.token").stat().st_mode & 0o777 == 0o640
    text = path.read_text("utf-8")
    for name, _, _, meaning in settings.rows(hub.config.Config):
        assert f"{name.rpartition('.')[2]} = " in text, name
        assert meaning in text, name


def test_the_centers_file_loads(tmp_path: Path) -> None:
    install(tmp_path, CENTER[0], *CENTER[1])
    loaded = center.config.load(tmp_path / "etc/tingting/center.toml")
    assert [(hall.id, hall.name) for hall in loaded.halls] == [
        ("qingxi", "青溪县政务服务中心"),
        ("liuhe", "柳河镇便民中心"),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hub"], "--hall-id"),
        (["hub", "--hall-id", "x y", "--name", "厅"], "hall.id"),
        (["hub", "--hall-id", "x", "--name", "厅", "--link", "COM"], "links"),
        (["hub", "--hall-id", "x", "--name", "厅", "--center", "http://c"], "--center-token-file"),
        (
            ["hub", "--hall-id", "x", "--name", "厅", "--program", str(Path("/home") / "clerk/bin/tingting")],
            "/opt/tingting",
        ),
        (["hub", "--hall-id", "x", "--name", "厅", "--program", "/opt/a b"], "without spaces"),
        (["center"], "--hall qingxi="),
        (["center", "--hall", "qingxi"], "--hall qingxi="),
        (["center", "--hall", "Q=厅"], "halls[0].id"),
    ],
)
def test_what_cannot_be_installed_is_said_before_anything_is_written(
    tmp_path: Path, words: list[str], said: str
) -> None:
    server, *more = words
    assert said in install(tmp_path, server, *more, status=1)
    assert not list(tmp_path.iterdir())


def test_no_token_of_the_center_is_shown_in_a_dry_run(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("very-secret\n", "utf-8")
    root = tmp_path / "root"
    more = ["--center", "http://center:8090", "--center-token-file", str(tmp_path / "token"), "--dry-run"]
    assert "very-secret" not in install(root, HUB[0], *HUB[1], *more)


@pytest.mark.parametrize(("server", "options", "who"), [(*HUB, "clerk window/2"), (*CENTER, "hall liuhe")])
def test_tokens_are_made_once_and_again_when_lost(tmp_path: Path, server: str, options: list[str], who: str) -> None:
    install(tmp_path, server, *options)
    config = tmp_path / f"etc/tingting/{server}.toml"
    config.write_text(config.read_text("utf-8").replace(f"/var/lib/tingting-{server}", str(tmp_path / "data")), "utf-8")
    first = tokens(run(server, "tokens", "--config", str(config)))
    assert who in first
    assert run(server, "tokens", "--config", str(config)) == "no token is missing\n"
    second = tokens(run(server, "tokens", "--config", str(config), "--renew", who))
    assert list(second) == [who]
    assert second[who] != first[who]
    assert "nobody is called so" in run(server, "tokens", "--config", str(config), "--renew", "nobody", status=1)
    kept = (tmp_path / "data/tokens.json").read_text("utf-8")
    assert len(kept.splitlines()) == 2 + 4 * len(first)
    assert not any(token in kept for token in (first | second).values())


def tokens(said: str) -> dict[str, str]:
    """Who has which."""
    lines = [line.removeprefix("token ").split(": ") for line in said.splitlines() if line.startswith("token ")]
    return {words[0]: words[1] for words in lines}


@pytest.mark.parametrize("name", ["tingting-hub.service", "tingting-center.service"])
def test_a_configuration_that_can_not_be_used_is_not_tried_again(name: str) -> None:
    unit = (Path(plans.__file__).parent / "share" / name).read_text("utf-8")
    assert "\nRestartPreventExitStatus=2\n" in unit


def test_the_hubs_key_is_made_once_is_roots_alone_and_reaches_the_service_as_a_credential(tmp_path: Path) -> None:
    shown = install(tmp_path, *(HUB[0], *HUB[1]), "--dry-run")
    assert "/etc/tingting/hub.key (a secret: not shown)" in shown
    assert "LoadCredential=hub.key:/etc/tingting/hub.key" in shown
    install(tmp_path, *(HUB[0], *HUB[1]))
    path = tmp_path / "etc/tingting/hub.key"
    assert path.stat().st_mode & 0o777 == 0o600
    (key,) = key_file.read(path)
    assert "kept" in install(tmp_path, "hub")
    assert key_file.read(path) == [key]
    assert key.hex() not in "".join(
        said for name, (said, *_) in tree(tmp_path).items() if name != "etc/tingting/hub.key"
    )
    # Where hub.toml has it elsewhere, the unit follows.
    toml = tmp_path / "etc/tingting/hub.toml"
    toml.write_text(toml.read_text("utf-8").replace("# hub_key = ", 'hub_key = "/media/key/hall.key"  # '), "utf-8")
    install(tmp_path, "hub")
    unit = (tmp_path / "etc/systemd/system/tingting-hub.service").read_text("utf-8")
    assert "LoadCredential=hub.key:/media/key/hall.key\n" in unit
    assert key_file.read(tmp_path / "media/key/hall.key") != [key]


def test_a_hub_with_sealed_boxes_gets_no_new_key_where_its_own_is_missing_or_another(tmp_path: Path) -> None:
    install(tmp_path, *(HUB[0], *HUB[1]))
    own, toml = tmp_path / "etc/tingting/hub.key", tmp_path / "etc/tingting/hub.toml"
    data = tmp_path / "var/lib/tingting-hub"
    data.mkdir(parents=True)
    registry = Registry(data / "registry.json", Keyring(key_file.read(own), os.urandom))
    registry.register(
        Device(
            device="ev-1",
            role="evaluator",
            window="1",
            epoch="0" * 16,
            secret="0" * 64,
            board="x",
            registered_at="",
        )
    )
    registry.close()
    assert "nothing to change" in install(tmp_path, "hub")
    # Its place is said to be a stick, and nothing is there yet.
    toml.write_text(toml.read_text("utf-8").replace("# hub_key = ", 'hub_key = "/media/key/hall.key"  # '), "utf-8")
    before = tree(tmp_path)
    for more in ([], ["--dry-run"]):
        said = install(tmp_path, "hub", *more, status=1)
        assert "the hub's key is missing" in said
        assert "Put the key file there first" in said
    assert tree(tmp_path) == before
    stick = tmp_path / "media/key/hall.key"
    key_file.write(stick, [bytes(32)])
    assert "and the keys here are" in install(tmp_path, "hub", status=1)
    stick.write_bytes(own.read_bytes())
    unit = tmp_path / "etc/systemd/system/tingting-hub.service"
    assert unit.read_text("utf-8") == before["etc/systemd/system/tingting-hub.service"][0]
    assert "changed: /etc/systemd/system/tingting-hub.service" in install(tmp_path, "hub")
    assert "LoadCredential=hub.key:/media/key/hall.key\n" in unit.read_text("utf-8")
    # Out it is again, and the registry can't be read: none is made either.
    stick.unlink()
    (data / "registry.json").write_text("[", "utf-8")
    assert "is damaged" in install(tmp_path, "hub", status=1)
    assert not stick.exists()


def test_a_key_that_systemd_hands_over_needs_no_file(tmp_path: Path) -> None:
    drop_in = tmp_path / "etc/systemd/system/tingting-hub.service.d/override.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text("[Service]\nLoadCredentialEncrypted=hub.key:/etc/tingting/hub.cred\n", "utf-8")
    assert "hub.key" not in install(tmp_path, *(HUB[0], *HUB[1]))
    assert not (tmp_path / "etc/tingting/hub.key").exists()
