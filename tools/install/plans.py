"""What belongs to an installed hub or center: one list of files each."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from center.config import CenterSettings
from hub.config import Config
from hub.devices import key_file
from hub.devices.sealing import KEY_BYTES
from tools.install.errors import InstallError
from tools.install.pieces import Piece
from tools.install.settings_file import render

SHARE = Path(__file__).parent / "share"
ETC = PurePosixPath("/etc")
CONFIG_FOLDER = ETC / "tingting"
TOKEN_FILE = CONFIG_FOLDER / "center.token"
KEY_FILE = CONFIG_FOLDER / key_file.NAME
# Homes are closed to the service (ProtectHome), /tmp is its own (PrivateTmp).
CLOSED = ("/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/")  # noqa: S108 - named to be refused


@dataclass(frozen=True, slots=True)
class HubWish:
    """What the installer was told of a hall."""

    hall_id: str
    name: str
    name_en: str
    host: str
    port: int
    windows: int
    links: Sequence[str]
    center_url: str
    center_token: str


@dataclass(frozen=True, slots=True)
class CenterWish:
    """What the installer was told of a center: its halls as (id, name)."""

    halls: Sequence[tuple[str, str]]
    host: str
    port: int


def hub(
    wish: HubWish, program: str, random: Callable[[int], bytes] = os.urandom, key: PurePosixPath = KEY_FILE
) -> list[Piece]:
    """Every file of a hub; raises `InstallError`.

    random: for the key that seals the boxes' secrets, where there is none; key: its file, as hub.toml has it.
    """
    if not re.fullmatch(r"/[A-Za-z0-9._/+-]+", str(key)):
        raise InstallError(f"hub.toml, paths.hub_key {key}: a path of plain letters, without spaces")
    pieces = [
        _settings("hub", hub_settings(wish)),
        Piece(key, key_file.text([random(KEY_BYTES)]), mode=0o600, own=True, secret=True),
        *_common("hub", program, f"z {TOKEN_FILE} 0640 root tingting-hub -\n", key),
        Piece(ETC / "udev/rules.d/70-tingting.rules", (SHARE / "70-tingting.rules").read_text("utf-8")),
    ]
    if wish.center_token:
        pieces.append(Piece(TOKEN_FILE, wish.center_token + "\n", mode=0o640, own=True, secret=True))
    return pieces


def center(wish: CenterWish, program: str) -> list[Piece]:
    """Every file of a center; raises `InstallError`."""
    return [_settings("center", center_settings(wish)), *_common("center", program, "")]


def hub_settings(wish: HubWish) -> str:
    """hub.toml for a hall that may begin: one service, and as many windows as were asked for."""
    hall = {"id": wish.hall_id, "name": wish.name} | ({"name_en": wish.name_en} if wish.name_en else {})
    chosen: dict[str, Sequence[dict[str, Any]]] = {
        "hall": [hall],
        "paths": [{"data": "/var/lib/tingting-hub"}],
        "http": [{"host": wish.host, "port": wish.port}],
        "services": [{"id": "A", "prefix": "A", "name": "综合业务", "name_en": "General business"}],
        "windows": [
            {"id": str(number), "name": f"{number}号窗口", "name_en": f"Window {number}", "services": ["A"]}
            for number in range(1, wish.windows + 1)
        ],
        "links": [{"url": url} for url in wish.links],
    }
    if wish.center_url:
        chosen["center"] = [{"url": wish.center_url, "token_file": TOKEN_FILE.name}]
    return render(
        Config,
        chosen,
        "A hall's hub. Yours to edit: the installer writes this file once and never again.\n"
        "What is a comment has the value shown. After a change: sudo systemctl restart tingting-hub",
    )


def center_settings(wish: CenterWish) -> str:
    """center.toml with the halls that may report."""
    return render(
        CenterSettings,
        {
            "halls": [{"id": name, "name": title} for name, title in wish.halls],
            "paths": [{"data": "/var/lib/tingting-center"}],
            "http": [{"host": wish.host, "port": wish.port}],
        },
        "The center. Yours to edit: the installer writes this file once and never again.\n"
        "What is a comment has the value shown. After a change: sudo systemctl restart tingting-center",
    )


def _settings(server: str, text: str) -> Piece:
    return Piece(CONFIG_FOLDER / f"{server}.toml", text, own=True)


def _common(server: str, program: str, more_rights: str, key: PurePosixPath | None = None) -> list[Piece]:
    """Unit, user and folders, which differ by little."""
    _check_program(program)
    name = f"tingting-{server}"
    unit = (SHARE / f"{name}.service").read_text("utf-8").replace("@PROGRAM@", program).replace("@KEY@", str(key))
    written_by = f"# Written by `tingting {server} install`, which writes it again.\n"
    user = f'{written_by}u {name} - "Tingting {server}" /var/lib/{name}\n'
    rights = f"{written_by}d {CONFIG_FOLDER} 0755 root root -\nd /var/lib/{name} 0700 {name} {name} -\n"
    rights += f"Z /var/lib/{name} - {name} {name} -\n{more_rights}"  # data that root copied there from another machine
    return [
        Piece(ETC / f"systemd/system/{name}.service", unit),
        Piece(ETC / f"systemd/system/multi-user.target.wants/{name}.service", target=f"../{name}.service"),
        Piece(ETC / f"sysusers.d/{name}.conf", user),
        Piece(ETC / f"tmpfiles.d/{name}.conf", rights),
    ]


def _check_program(program: str) -> None:
    if not re.fullmatch(r"/[A-Za-z0-9._/+-]+", program):
        raise InstallError(f"--program {program}: an absolute path without spaces, e.g. /opt/tingting/bin/tingting")
    if program.startswith(CLOSED):
        raise InstallError(
            f"{program} is in a folder that the service can't see. Install the software where all may read it: "
            "sudo python3 -m venv /opt/tingting && sudo /opt/tingting/bin/pip install <this folder>"
        )
