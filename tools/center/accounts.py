"""`tingting center account …`: the first administrator, and whoever can't be reached by the page."""

import sys
from pathlib import Path

import click

from tools.center.commands import CONFIG, plainly
from tools.center.errors import CenterToolError

# Rooms that are heavy to import are imported by the command that needs them: `tingting --help` answers at once.


@click.group()
def account() -> None:
    """Accounts of people at the center; a running center sees the change at once."""


def _password(given_by_file: bool) -> str:
    """Typed twice, or one line of standard input; never an argument, which others could see."""
    if given_by_file:
        return sys.stdin.readline().rstrip("\n")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


STDIN = click.option("--password-stdin", is_flag=True, help="Read the password from standard input, one line.")


@account.command()
@CONFIG
@click.argument("name")
@click.option("--role", required=True, help="viewer, manager, supervisor or administrator.")
@click.option("--scope", default="all", show_default=True, help="all, region:NAME, hall:ID or department:HALL/NAME.")
@STDIN
@plainly
def create(file: Path, name: str, role: str, scope: str, password_stdin: bool) -> None:
    """Create an account; the first administrator is made this way."""
    from center.people.accounts import Wanted  # noqa: PLC0415 - heavy
    from center.people.roles import scope_of  # noqa: PLC0415 - heavy

    settings, accounts = _open(file)
    try:
        seen = scope_of(scope, settings.halls)
    except ValueError as error:
        raise CenterToolError(f"--scope: {error}") from error
    # Its owner typed the password here; one that was piped in was made by somebody else.
    made = accounts.create(Wanted(name, role, seen), _password(password_stdin), must_change=password_stdin)
    click.echo(f"account: {made.name} is {made.role}, sees {made.scope.words()}")


@account.command("list")
@CONFIG
@plainly
def list_accounts(file: Path) -> None:
    """Every account with role, scope and state."""
    _, accounts = _open(file)
    for each in accounts.all():
        state = "shut out" if each.disabled else "must change its password" if each.must_change else "may sign in"
        click.echo(f"{each.name}\t{each.role}\t{each.scope.words()}\t{state}")


@account.command()
@CONFIG
@click.argument("name")
@STDIN
@plainly
def password(file: Path, name: str, password_stdin: bool) -> None:
    """Set an account's password; it must be changed at the next sign-in."""
    _, accounts = _open(file)
    accounts.set_password(name, _password(password_stdin), must_change=True)
    click.echo(f"account: {name} has a new password")


@account.command()
@CONFIG
@click.argument("name")
@plainly
def disable(file: Path, name: str) -> None:
    """Shut an account out; whoever is signed in with it is signed out."""
    _, accounts = _open(file)
    accounts.set_disabled(name, True)
    click.echo(f"account: {name} is shut out")


@account.command()
@CONFIG
@click.argument("name")
@plainly
def enable(file: Path, name: str) -> None:
    """Let an account in again."""
    _, accounts = _open(file)
    accounts.set_disabled(name, False)
    click.echo(f"account: {name} may sign in")


def _open(file: Path):  # type: ignore[no-untyped-def]
    from center.config import load  # noqa: PLC0415 - heavy
    from center.main import ACCOUNTS_FILE, now_ms  # noqa: PLC0415 - heavy
    from center.people.accounts import Accounts, hasher  # noqa: PLC0415 - heavy

    settings = load(file)
    data = file.resolve().parent / settings.paths.data
    return settings, Accounts(data / ACCOUNTS_FILE, now_ms, hasher())
