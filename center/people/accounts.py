"""The accounts of a center: one crash-safe file, passwords as argon2id hashes only.

There is no default account and no default password: the first administrator is made on the command line.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import argon2
import msgspec
from msgspec import Meta

from center.people.errors import AccountRefusal, PeopleError
from center.people.roles import ADMINISTRATOR, MAY, ROLES, Scope
from common import files

MAX_ACCOUNTS = 20_000  # a province: some people a hall
MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 200  # hashing takes time by length; nobody types more
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
# Of the sort that is tried first; the throttle makes longer lists useless.
_WEAK = ("password", "12345", "qwert", "admin", "tingting", "abcdef", "11111", "00000")


def hasher() -> argon2.PasswordHasher:
    """RFC 9106's second recommended option (64 MiB, 3 passes, 4 lanes), argon2-cffi's own default."""
    return argon2.PasswordHasher()


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One person."""

    name: Annotated[str, Meta(pattern=f"^{_NAME.pattern}$")]
    role: str
    region: str | None = None
    hall: str | None = None
    department: str | None = None
    password: Annotated[str, Meta(max_length=400)]
    # Made by somebody else: to be changed at the first sign-in.
    must_change: bool = True
    disabled: bool = False
    created_ms: int
    # Whoever is signed in with an older one is signed out.
    generation: int = 1

    def __repr__(self) -> str:
        """Without the hash: a repr ends in logs."""
        return f"Account({self.name!r}, {self.role!r}, {self.scope.words()!r})"

    @property
    def scope(self) -> Scope:
        """What it sees."""
        return Scope(self.region, self.hall, self.department)

    def may(self, what: str) -> bool:
        """Whether its role may do this."""
        return what in MAY[self.role]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A new account's name, role and scope."""

    name: str
    role: str
    scope: Scope


class Accounts:
    """All accounts, in memory and in their file."""

    def __init__(self, path: Path, now_ms: Callable[[], int], hashing: argon2.PasswordHasher) -> None:
        """Reads the file, which may not be there yet; raises `PeopleError`."""
        self._path = path
        self._now_ms = now_ms
        self._hasher = hashing
        # A name that nobody has costs the same time as one that somebody has.
        self._nobody = hashing.hash("nobody has this password")
        self._accounts: dict[str, Account] = {}
        self._seen: tuple[int, int] | None = None
        self._refresh()

    def _refresh(self) -> None:
        """Reads the file where it is another than the one last seen: the command line changes it, too."""
        try:
            stat = self._path.stat()
            seen = stat.st_ino, stat.st_mtime_ns
            if seen == self._seen:
                return
            content = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise PeopleError(f"{self._path}: can't be read: {error}") from error
        try:
            accounts = msgspec.json.decode(content, type=list[Account])
        except msgspec.DecodeError as error:
            raise PeopleError(f"{self._path}: not an accounts' file ({error}); restore it from a backup") from error
        unknown = [account.name for account in accounts if account.role not in ROLES]
        if unknown:
            raise PeopleError(f"{self._path}: {unknown[0]} has a role that is none of {', '.join(ROLES)}")
        self._accounts = {account.name: account for account in accounts}
        self._seen = seen

    def all(self) -> list[Account]:
        """By name."""
        self._refresh()
        return [self._accounts[name] for name in sorted(self._accounts)]

    def find(self, name: str) -> Account | None:
        """An account that may sign in."""
        self._refresh()
        account = self._accounts.get(name)
        return None if account is None or account.disabled else account

    def create(self, wanted: Wanted, password: str, must_change: bool = True) -> Account:
        """A new account; raises `AccountRefusal`."""
        self._refresh()
        if not _NAME.fullmatch(wanted.name):
            raise AccountRefusal(
                "bad-name", "a name has 2 to 40 of a-z, 0-9, '.', '_', '-', and begins with none of those"
            )
        if wanted.name in self._accounts:
            raise AccountRefusal("taken", f"there is an account {wanted.name}; names are not used again")
        if wanted.role not in ROLES:
            raise AccountRefusal("bad-role", f"{wanted.role!r} is no role; one of {', '.join(ROLES)}")
        if len(self._accounts) >= MAX_ACCOUNTS:
            raise AccountRefusal("full", f"{MAX_ACCOUNTS} accounts are the most")
        check_password(password, wanted.name)
        scope = wanted.scope
        account = Account(
            name=wanted.name,
            role=wanted.role,
            region=scope.region,
            hall=scope.hall,
            department=scope.department,
            password=self._hasher.hash(password),
            must_change=must_change,
            created_ms=self._now_ms(),
        )
        self._keep(account)
        return account

    def verify(self, name: str, password: str) -> Account | None:
        """The account behind a name and a password, or None; takes its time either way (argon2: tens of ms)."""
        account = self.find(name)
        try:
            self._hasher.verify(self._nobody if account is None else account.password, password[:MAX_PASSWORD_CHARS])
        except argon2.exceptions.VerificationError:
            return None
        return account

    def set_password(self, name: str, password: str, must_change: bool = False) -> Account:
        """A new password; signs out whoever is signed in with the old one. Raises `AccountRefusal`."""
        account = self._known(name)
        check_password(password, name)
        return self._change(account, password=self._hasher.hash(password), must_change=must_change)

    def set_role(self, name: str, role: str, scope: Scope) -> Account:
        """Another role or scope; raises `AccountRefusal`."""
        account = self._known(name)
        if role not in ROLES:
            raise AccountRefusal("bad-role", f"{role!r} is no role; one of {', '.join(ROLES)}")
        if role != ADMINISTRATOR:
            self._not_the_last(account)
        return self._change(account, role=role, region=scope.region, hall=scope.hall, department=scope.department)

    def set_disabled(self, name: str, disabled: bool) -> Account:
        """Shuts an account out, or lets it in again; accounts are never deleted, for the log names them."""
        account = self._known(name)
        if disabled:
            self._not_the_last(account)
        return self._change(account, disabled=disabled)

    def _known(self, name: str) -> Account:
        self._refresh()
        account = self._accounts.get(name)
        if account is None:
            raise AccountRefusal("unknown", f"there is no account {name!r}")
        return account

    def _not_the_last(self, account: Account) -> None:
        others = [
            other
            for other in self._accounts.values()
            if other.role == ADMINISTRATOR and not other.disabled and other.name != account.name
        ]
        if account.role == ADMINISTRATOR and not account.disabled and not others:
            raise AccountRefusal("last-administrator", f"{account.name} is the last administrator; make another first")

    def _change(self, account: Account, **fields: object) -> Account:
        changed = msgspec.structs.replace(account, generation=account.generation + 1, **fields)
        self._keep(changed)
        return changed

    def _keep(self, account: Account) -> None:
        accounts = {**self._accounts, account.name: account}
        files.replace(self._path, msgspec.json.encode(list(accounts.values())))
        self._accounts = accounts


def check_password(password: str, name: str) -> None:
    """Raises `AccountRefusal` for a password that is too short, too long, or among the first that are tried."""
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        raise AccountRefusal("weak-password", f"a password has {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters")
    low = password.lower()
    if name in low or len(set(low)) < 5 or any(low.startswith(weak) for weak in _WEAK):
        raise AccountRefusal("weak-password", "this password is among the first that are tried; take another")
