"""Who asks: an account that is signed in, or the holder of a token, with a role and a scope."""

from dataclasses import dataclass

from center.people.roles import EVERYTHING, MAY, READ, Scope

# What the tokens that are made at first start may do; the hall's and the monitor's have doors of their own.
TOKEN_MAY: dict[str, frozenset[str]] = {
    "viewer": MAY["viewer"],
    "supervisor": MAY["supervisor"],
    "auditor": frozenset({READ}),
}


@dataclass(frozen=True, slots=True)
class Reader:
    """One who asks. `account`: signed in with a name and a password; else `name` names the token's role."""

    name: str
    role: str
    scope: Scope = EVERYTHING
    account: bool = False
    generation: int = 0

    def may(self, what: str) -> bool:
        """Whether the role may do this."""
        table = MAY if self.account else TOKEN_MAY
        return what in table.get(self.role, frozenset())


def token_reader(role: str) -> Reader:
    """Who holds a token of a role."""
    return Reader(f"token/{role}", role)
