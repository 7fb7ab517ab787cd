"""Accounts, roles, scopes and the throttle."""

from pathlib import Path

import argon2
import pytest

from center.config import Hall
from center.people import roles
from center.people.accounts import Accounts, Wanted, check_password
from center.people.errors import AccountRefusal, PeopleError
from center.people.roles import EVERYTHING, MAY, ROLES, Scope, scope_of
from common.throttle import FIRST_WAIT_MS, FREE_TRIES, LONGEST_WAIT_MS, MAX_KEYS, Throttle

GOOD = "海曙-Zhongxin-8102"
HALLS = (
    Hall(id="h1", name="一", region="海曙", departments={"1": "税务", "2": "社保"}),
    Hall(id="h2", name="二", region="鄞州"),
)


def accounts(folder: Path) -> Accounts:
    # A cheap hash: what is tested here is not how long guessing takes.
    return Accounts(
        folder / "accounts.json", lambda: 5, argon2.PasswordHasher.from_parameters(argon2.profiles.CHEAPEST)
    )


def test_an_account_is_kept_hashed_and_over_a_restart(tmp_path: Path) -> None:
    made = accounts(tmp_path).create(Wanted("chen", "supervisor", Scope(region="海曙")), GOOD)
    assert "argon2id" in made.password
    assert GOOD not in (tmp_path / "accounts.json").read_text("utf-8")
    assert made.password not in repr(made)
    again = accounts(tmp_path)
    assert again.verify("chen", GOOD) == made
    assert again.verify("chen", GOOD + "x") is None
    assert again.verify("nobody", GOOD) is None
    assert (tmp_path / "accounts.json").stat().st_mode & 0o777 == 0o600


def test_a_password_changed_by_another_must_be_changed_and_signs_out(tmp_path: Path) -> None:
    people = accounts(tmp_path)
    first = people.create(Wanted("chen", "viewer", EVERYTHING), GOOD)
    assert first.must_change
    changed = people.set_password("chen", GOOD + "2")
    assert not changed.must_change
    assert changed.generation > first.generation
    assert people.verify("chen", GOOD) is None


def test_a_disabled_account_is_nobody(tmp_path: Path) -> None:
    people = accounts(tmp_path)
    people.create(Wanted("chen", "viewer", EVERYTHING), GOOD)
    people.set_disabled("chen", True)
    assert people.verify("chen", GOOD) is None
    assert people.find("chen") is None
    people.set_disabled("chen", False)
    assert people.verify("chen", GOOD) is not None


def test_the_last_administrator_stays(tmp_path: Path) -> None:
    people = accounts(tmp_path)
    people.create(Wanted("root1", "administrator", EVERYTHING), GOOD)
    for act in (lambda: people.set_disabled("root1", True), lambda: people.set_role("root1", "viewer", EVERYTHING)):
        with pytest.raises(AccountRefusal) as refused:
            act()
        assert refused.value.kind == "last-administrator"
    people.create(Wanted("root2", "administrator", EVERYTHING), GOOD)
    assert people.set_disabled("root1", True).disabled


@pytest.mark.parametrize("name", ["", "A", "a", "chen wang", "-a", "x" * 41, "陈"])
def test_a_bad_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(AccountRefusal) as refused:
        accounts(tmp_path).create(Wanted(name, "viewer", EVERYTHING), GOOD)
    assert refused.value.kind == "bad-name"


def test_a_name_is_used_once_and_a_role_exists(tmp_path: Path) -> None:
    people = accounts(tmp_path)
    people.create(Wanted("chen", "viewer", EVERYTHING), GOOD)
    for wanted, kind in (
        (Wanted("chen", "viewer", EVERYTHING), "taken"),
        (Wanted("li", "boss", EVERYTHING), "bad-role"),
    ):
        with pytest.raises(AccountRefusal) as refused:
            people.create(wanted, GOOD)
        assert refused.value.kind == kind


@pytest.mark.parametrize(
    "password", ["", "short", "x" * 201, "aaaaaaaaaaaa", "password2026!", "chen-2026-hall", "1234567890"]
)
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(AccountRefusal) as refused:
        check_password(password, "chen")
    assert refused.value.kind == "weak-password"


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "accounts.json").write_text("{}", "utf-8")
    with pytest.raises(PeopleError, match=r"accounts\.json"):
        accounts(tmp_path)


def test_the_table_of_roles() -> None:
    assert set(MAY) == set(ROLES)
    assert [role for role in ROLES if roles.READ in MAY[role]] == ["viewer", "manager", "supervisor"]
    assert [role for role in ROLES if roles.DECIDE_CASES in MAY[role]] == ["supervisor"]
    assert [role for role in ROLES if roles.ADMINISTER in MAY[role]] == ["administrator"]


@pytest.mark.parametrize(
    ("text", "sees", "windows"),
    [
        ("all", ["h1", "h2"], None),
        ("region:海曙", ["h1"], None),
        ("hall:h2", ["h2"], None),
        ("department:h1/税务", ["h1"], frozenset({"1"})),
    ],
)
def test_a_scope_in_words_and_back(text: str, sees: list[str], windows: frozenset[str] | None) -> None:
    scope = scope_of(text, HALLS)
    assert scope.words() == text
    assert [hall.id for hall in HALLS if scope.sees(hall)] == sees
    assert scope.windows(next(hall for hall in HALLS if hall.id == sees[0])) == windows


def test_a_scope_sees_no_window_of_a_hall_outside() -> None:
    assert scope_of("hall:h2", HALLS).windows(HALLS[0]) == frozenset()


@pytest.mark.parametrize("text", ["", "everything", "region:北京", "hall:h9", "department:h1", "department:h2/税务"])
def test_a_scope_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        scope_of(text, HALLS)


def test_guesses_cost_more_and_more_time() -> None:
    now = [0]
    throttle = Throttle(lambda: now[0])
    for _ in range(FREE_TRIES):
        assert throttle.wait_ms("name/chen", "from/1") == 0
        throttle.failed("name/chen", "from/1")
    assert throttle.wait_ms("name/chen") == FIRST_WAIT_MS
    assert throttle.wait_ms("name/li") == 0
    assert throttle.wait_ms("name/li", "from/1") == FIRST_WAIT_MS
    now[0] += FIRST_WAIT_MS
    assert throttle.wait_ms("name/chen") == 0
    throttle.failed("name/chen")
    assert throttle.wait_ms("name/chen") == 2 * FIRST_WAIT_MS
    for _ in range(40):
        throttle.failed("name/chen")
    assert throttle.wait_ms("name/chen") == LONGEST_WAIT_MS
    throttle.succeeded("name/chen")
    assert throttle.wait_ms("name/chen") == 0


def test_wrong_tries_are_forgotten_after_a_day_and_the_table_is_bounded() -> None:
    now = [0]
    throttle = Throttle(lambda: now[0])
    for _ in range(FREE_TRIES + 3):
        throttle.failed("name/chen")
    now[0] += 25 * 3_600_000
    throttle.failed("name/chen")
    assert throttle.wait_ms("name/chen") == 0
    for number in range(MAX_KEYS + 10):
        throttle.failed(f"from/{number}")
    assert len(throttle._wrong) == MAX_KEYS
