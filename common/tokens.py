"""Bearer tokens: made once at first start, shown once, kept only as SHA-256.

A token has 128 bits of the operating system's randomness, so a plain hash is enough: there is nothing to guess.
"""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from aiohttp import web

from common import files
from common.errors import CommonError
from common.problem import Problem


class TokenFileError(CommonError):
    """The token file can't be used; the text says where and what to do."""


def new() -> str:
    """A fresh token, 128 bits in URL-safe text."""
    return secrets.token_urlsafe(16)


def digest(token: str) -> str:
    """What is stored of a token."""
    # Headers and cookies may carry bytes that are no UTF-8; aiohttp hands them over as surrogates.
    return sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a token speaks for: a role, and where the role has a place, that place (`hall`, `window/3`)."""

    role: str
    place: str | None = None


class Tokens:
    """The holders of a house, by the digest of their token."""

    def __init__(self, holders: Mapping[str, Holder], path: Path | None = None) -> None:
        self._holders = dict(holders)
        self._path = path

    @classmethod
    def open(cls, path: Path, wanted: Iterable[Holder]) -> tuple["Tokens", dict[Holder, str]]:
        """Reads the file, makes what `wanted` names and the file lacks; returns the new tokens to be shown once."""
        holders: dict[str, Holder] = {}
        if path.exists():
            try:
                for key, entry in json.loads(path.read_text("utf-8")).items():
                    holders[key] = Holder(entry["role"], entry.get("place"))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise TokenFileError(
                    f"{path}: not a token file ({error}). Restore it, or delete it to have new tokens made."
                ) from error
        made: dict[Holder, str] = {}
        known = set(holders.values())
        for holder in wanted:
            if holder not in known:
                token = new()
                made[holder] = token
                known.add(holder)
                holders[digest(token)] = holder
        if made:
            entries = {key: {"role": holder.role, "place": holder.place} for key, holder in holders.items()}
            files.replace(path, json.dumps(entries, indent=1).encode())
        return cls(holders, path), made

    def make(self, wanted: Iterable[Holder]) -> dict[Holder, str]:
        """Makes what `wanted` names and is missing, also in the file; returns the new tokens to be shown once."""
        assert self._path is not None  # only tokens that were opened from a file can grow
        grown, made = Tokens.open(self._path, wanted)
        self._holders = grown._holders
        return made

    def holders(self) -> list[Holder]:
        """Everybody who has a token, by role and place."""
        return sorted(set(self._holders.values()), key=lambda each: (each.role, each.place or ""))

    def renew(self, holder: Holder) -> str:
        """A new token for a holder, shown once; the old one opens nothing any more. Written before it is believed."""
        assert self._path is not None  # only tokens that were opened from a file can change
        token = new()
        kept = {key: each for key, each in self._holders.items() if each != holder} | {digest(token): holder}
        entries = {key: {"role": each.role, "place": each.place} for key, each in kept.items()}
        files.replace(self._path, json.dumps(entries, indent=1).encode())
        self._holders = kept
        return token

    def find(self, token: str) -> Holder | None:
        """Who holds this token. How long the look-up takes tells of a hash at most, from which nobody makes a token."""
        return self._holders.get(digest(token))


def require(request: web.Request, tokens: Tokens, *roles: str) -> Holder:
    """The holder behind a request's bearer token, if it has one of `roles`; otherwise raises 401 or 403."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem(401, "no-token", "This door needs a token", "Send it as: Authorization: Bearer <token>")
    holder = tokens.find(token.strip())
    if holder is None:
        raise Problem(401, "wrong-token", "Nobody holds this token", "Tokens are printed once, at first start.")
    if holder.role not in roles:
        raise Problem(403, "wrong-role", f"This token is for {holder.role}", f"This door is for {', '.join(roles)}.")
    return holder
