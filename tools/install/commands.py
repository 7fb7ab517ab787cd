"""`tingting hub|center install|uninstall`: the same every time, and said what it did."""

import shlex
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from tools.install.errors import InstallError

if TYPE_CHECKING:
    from tools.install.pieces import Piece

# Rooms that are heavy to import are imported by the command that needs them: `tingting --help` answers at once.

_ROOT = click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("/"),
    show_default=True,
    help="Install into this folder instead of the running system: for images and tests.",
)
_DRY = click.option("--dry-run", is_flag=True, help="Change nothing; show what would change, as a diff.")
_PROGRAM = click.option(
    "--program", help="The `tingting` that the service starts.  [default: the one beside this Python]"
)
_HOST = click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on; 0.0.0.0: all.")


def _plainly(command: Callable[..., None]) -> Callable[..., None]:
    """An `InstallError` ends the command with its text and status 1."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except InstallError as error:
            raise click.ClickException(str(error)) from error

    return run


@click.command("install")
@click.option("--hall-id", help="The hall's id in every event and at the center; never changed later.")
@click.option("--name", help="The hall's name, Chinese.")
@click.option("--name-en", default="", help="The same in English.")
@click.option("--windows", type=click.IntRange(1, 200), default=1, show_default=True, help="How many to begin with.")
@click.option("--link", "links", multiple=True, help="A line to a box, e.g. /dev/tingting/E66; may be repeated.")
@click.option("--center", "center_url", default="", help="The center's address; without it the hub works alone.")
@click.option(
    "--center-token-file", type=click.Path(path_type=Path), help="A file with the center's token of this hall."
)
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@_HOST
@_PROGRAM
@_DRY
@_ROOT
@_plainly
def install_hub(  # noqa: PLR0917 - one argument for each option
    hall_id: str | None,
    name: str | None,
    name_en: str,
    windows: int,
    links: tuple[str, ...],
    center_url: str,
    center_token_file: Path | None,
    port: int,
    host: str,
    program: str | None,
    dry_run: bool,
    root: Path,
) -> None:
    """Install the hub as a service of this system (Raspberry Pi OS, Debian): user, folders, hub.toml, unit, port names.

    Type it again after an update, or to be sure: it changes only what differs. hub.toml is written once and then yours.
    """
    from hub import config  # noqa: PLC0415 - heavy
    from tools.install import plans, sealed  # noqa: PLC0415 - heavy

    there = (root / "etc/tingting/hub.toml").exists()
    if not there and not (hall_id and name):
        raise InstallError("the first time say which hall this is: --hall-id qingxi --name 青溪县政务服务中心")
    if bool(center_url) != bool(center_token_file):
        raise InstallError(
            "--center and --center-token-file go together; the center printed the token (`token hall …`)"
        )
    wish = plans.HubWish(
        hall_id or "hall", name or "-", name_en, host, port, windows, links, center_url, _token(center_token_file)
    )
    key = _key_place(root)
    pieces = plans.hub(wish, _program(program), key=key)
    if not sealed.wants_file(root, key):
        pieces = [piece for piece in pieces if piece.path != key]
    if not there:
        _check(pieces, plans.TOKEN_FILE.name, wish.center_token, config.load)
    _install("hub", pieces, _program(program), root, dry_run=dry_run)


@click.command("install")
@click.option("--hall", "halls", multiple=True, metavar="ID=NAME", help="A hall that reports here; may be repeated.")
@click.option("--port", type=click.IntRange(1, 65535), default=8090, show_default=True)
@_HOST
@_PROGRAM
@_DRY
@_ROOT
@_plainly
def install_center(  # noqa: PLR0917 - one argument for each option
    halls: tuple[str, ...], port: int, host: str, program: str | None, dry_run: bool, root: Path
) -> None:
    """Install the center as a service of this system: user, folders, center.toml, unit.

    Type it again after an update: it changes only what differs. center.toml is written once and then yours.
    """
    from center import config  # noqa: PLC0415 - heavy
    from tools.install import plans  # noqa: PLC0415 - heavy

    there = (root / "etc/tingting/center.toml").exists()
    named = [(key, title) for key, _, title in (hall.partition("=") for hall in halls)]
    if not there and not (named and all(key and title for key, title in named)):
        raise InstallError("the first time say which halls report here: --hall qingxi=青溪县政务服务中心 --hall …")
    pieces = plans.center(plans.CenterWish(named, host, port), _program(program))
    if not there:
        _check(pieces, "", "", config.load)
    _install("center", pieces, _program(program), root, dry_run=dry_run)


@click.command("uninstall")
@_DRY
@_ROOT
@_plainly
def uninstall_hub(dry_run: bool, root: Path) -> None:
    """Take the hub's service away; its settings and data stay."""
    from tools.install import plans  # noqa: PLC0415 - heavy

    wish = plans.HubWish("hall", "-", "", "127.0.0.1", 8080, 1, (), "", "")
    _uninstall("hub", plans.hub(wish, "/opt/tingting/bin/tingting", key=_key_place(root)), root, dry_run=dry_run)


@click.command("uninstall")
@_DRY
@_ROOT
@_plainly
def uninstall_center(dry_run: bool, root: Path) -> None:
    """Take the center's service away; its settings and data stay."""
    from tools.install import plans  # noqa: PLC0415 - heavy

    pieces = plans.center(plans.CenterWish((), "127.0.0.1", 8090), "/opt/tingting/bin/tingting")
    _uninstall("center", pieces, root, dry_run=dry_run)


def _install(server: str, pieces: "Sequence[Piece]", program: str, root: Path, *, dry_run: bool) -> None:
    from tools.install import system  # noqa: PLC0415 - only here
    from tools.install.pieces import Found, changed  # noqa: PLC0415 - heavy

    todo = changed(pieces, root)
    for piece in pieces:
        if piece.look(root) is Found.KEPT:
            click.echo(f"{Found.KEPT}: {piece.path}")
    if not todo:
        click.echo("nothing to change: all is as it should be")
        return
    if dry_run:
        for piece, _ in todo:
            click.echo(piece.difference(root), nl=False)
        click.echo(f"{len(todo)} files would be written; nothing was changed (--dry-run)")
        return
    system.require_administrator(root)
    for piece, found in todo:
        piece.put(root)
        click.echo(f"{found}: {piece.path}")
    if system.is_live(root):
        system.run([*system.preparing(server), *system.starting(server, program)])
        click.echo(f"tingting-{server} runs. Is it well? {program} {server} status")
        return
    click.echo("These files belong to no running system. For an image, still to do:")
    for step in system.image_steps(server, root):
        click.echo(f"  {shlex.join(step)}")


def _uninstall(server: str, pieces: "Sequence[Piece]", root: Path, *, dry_run: bool) -> None:
    from tools.install import system  # noqa: PLC0415 - only here
    from tools.install.pieces import remove  # noqa: PLC0415 - heavy

    there = [
        piece for piece in pieces if not piece.own and (piece.under(root).is_symlink() or piece.under(root).exists())
    ]
    if dry_run:
        for piece in there:
            click.echo(f"would go: {piece.path}")
    elif there:
        system.require_administrator(root)
        if system.is_live(root):
            system.run(system.stopping(server))
        for piece in remove(pieces, root):
            click.echo(f"gone: {piece.path}")
        if system.is_live(root):
            system.run([["systemctl", "daemon-reload"]])
    else:
        click.echo("nothing to take away: it is not installed")
    click.echo(f"/etc/tingting, /var/lib/tingting-{server} and the user tingting-{server} stay; delete them by hand")


def _program(said: str | None) -> str:
    """What the unit starts."""
    return said or str(Path(sys.executable).parent / "tingting")


def _key_place(root: Path) -> PurePosixPath:
    """Where hub.toml says that the hub's key lies; what it can't tell is said when it is used."""
    from tools.install import plans, sealed  # noqa: PLC0415 - heavy

    return sealed.place(root, "hub_key", plans.KEY_FILE)


def _token(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        token = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InstallError(f"{file}: the token can't be read ({error})") from error
    if not token.isascii() or len(token.split()) != 1:
        raise InstallError(f"{file}: there must be one token in it, as the center printed it (`token hall …: <token>`)")
    return token


def _check(pieces: "Sequence[Piece]", token_name: str, token: str, load: Callable[[Path], object]) -> None:
    """The new settings are read as the server will read them; raises `InstallError` with what is wrong."""
    from common.settings import SettingsError  # noqa: PLC0415 - heavy

    settings = next(piece for piece in pieces if piece.path.suffix == ".toml")
    with TemporaryDirectory() as folder:
        path = Path(folder) / settings.path.name
        path.write_text(settings.content, "utf-8")
        if token:
            (Path(folder) / token_name).write_text(token, "utf-8")
        try:
            load(path)
        except SettingsError as error:
            raise InstallError(str(error).replace(f"{path}: ", "")) from error
