"""The contradicting code sets, both ways, and records that invent nothing."""

import pytest

from center.exports import codes
from center.exports.codes import CodeError, Codes
from center.exports.profiles import GB, PROFILES, ZHEJIANG, Profile, Record, with_default

TABLES = [value for value in vars(codes).values() if isinstance(value, Codes)]
RATED = Record(
    hall="h1",
    run="00aa",
    date="2026-11-26",
    offset_minutes=480,
    window="3",
    staff="S001",
    service="A",
    grade=1,
    rated_ms=1_795_662_000_000,
    channel="phone",
    reasons=("服务态度",),
    words="等太久",
    department="税务",
    area="330203",
    promise="immediate",
)
UNRATED = Record(hall="h1", run="00bb", date="2026-11-26", offset_minutes=480)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_code_is_read_back_as_what_it_was_made_from(table: Codes) -> None:
    for word in table.of:
        assert table.word(table.code(word)) == word
    with pytest.raises(CodeError, match="no code for"):
        table.code("nothing of ours")
    with pytest.raises(CodeError, match="is no code"):
        table.word("999")


def test_one_code_for_two_things_is_no_table() -> None:
    with pytest.raises(CodeError, match="two things"):
        Codes("x", {"a": "1", "b": "1"})


def test_the_norms_contradict_each_other_as_the_sources_say() -> None:
    # GB/T 39046-2020 A.8: 1 = 非常满意 … 5 = 非常不满意; Zhejiang: 1 = 非常不满意 … 5 = 非常满意.
    assert [codes.SATISFACTION_GB.code(str(grade)) for grade in (5, 4, 3, 2, 1)] == ["1", "2", "3", "4", "5"]
    assert [codes.SATISFACTION_ZJ.code(str(grade)) for grade in (5, 4, 3, 2, 1)] == ["5", "4", "3", "2", "1"]
    # GB A.6: 即办 = 1, 承诺 = 2; Zhejiang the reverse.
    assert (codes.PROMISE_GB.code("immediate"), codes.PROMISE_GB.code("promised")) == ("1", "2")
    assert (codes.PROMISE_ZJ.code("immediate"), codes.PROMISE_ZJ.code("promised")) == ("2", "1")


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.id)
@pytest.mark.parametrize("grade", [1, 2, 3, 4, 5])
def test_a_grade_goes_out_and_comes_back(profile: Profile, grade: int) -> None:
    row = profile.row(Record(hall="h", run="r", date="2026-11-26", offset_minutes=480, grade=grade, rated_ms=0))
    assert profile.grade(row) == grade


def test_a_record_in_the_words_of_each_place() -> None:
    gb, zhejiang = GB.row(RATED), ZHEJIANG.row(RATED)
    assert (gb["satisfaction"], gb["satisfactionName"], gb["pf"]) == ("5", "非常不满意", "4")
    assert gb["assessTime"] == "2026-11-26T11:00:00.000+08:00"
    assert (zhejiang["satisfaction"], zhejiang["assessTime"]) == ("1", "2026-11-26 11:00:00")
    assert (gb["promiseType"], zhejiang["promiseTime"]) == ("1", "2")
    assert (zhejiang["evalDetail"], zhejiang["writingEvaluation"]) == ("服务态度", "等太久")


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.id)
def test_what_is_not_known_is_empty_and_counted(profile: Profile) -> None:
    rows = [profile.row(RATED), profile.row(UNRATED)]
    empty = profile.empty(rows)
    assert empty["deptCode"] == 2, "no event tells the code of a department"
    assert empty["satisfaction"] == 1
    assert "projectNo" not in empty
    assert rows[1]["satisfaction"] == ""
    assert all(set(row) == set(profile.fields) for row in rows)


def test_unrated_is_never_satisfied_unless_a_place_says_so_and_then_it_is_marked() -> None:
    assert all(profile.default_after_days is None for profile in PROFILES.values())
    assert with_default(UNRATED, 100, None) is UNRATED
    assert with_default(UNRATED, 6, 7) is UNRATED
    assert with_default(RATED, 100, 7) is RATED
    row = GB.row(with_default(UNRATED, 7, 7))
    assert (row["satisfaction"], row["is_default"]) == ("3", "1")
    assert GB.row(RATED)["is_default"] == "0"


def test_a_paper_form_has_no_channel_of_the_norm() -> None:
    assert GB.row(Record(hall="h", run="r", date="d", offset_minutes=0, channel="paper", grade=4))["pf"] == ""
