"""The fuzzers' short form: a fixed number of executions each, the same every time; `make fuzz` is the long one."""

from pathlib import Path

import pytest

from tests.fuzz.run import CORPUS, HAS_ATHERIS, corpus, judged, reach, with_atheris, with_hypothesis
from tests.fuzz.targets import TARGETS

RUNS = {"atheris": 4_000, "hypothesis": 400}
SLOW = {"session": 300, "sheets": 600, "configuration": 1_000}  # a session, a hall, a file each
LONG_S = 600


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_finds_nothing_and_gets_in(name: str) -> None:
    make, rooms = TARGETS[name]
    target = make()
    lines, entered = reach(target, rooms, [*target.seeds, *corpus(name)])
    assert target.enters <= entered, target.enters - entered
    assert lines > 30


@pytest.mark.parametrize("name", TARGETS)
def test_hypothesis_finds_nothing(name: str) -> None:
    result = with_hypothesis(name, min(SLOW.get(name, 400), RUNS["hypothesis"]), 0)
    print(result)
    assert not result.finding, result.finding


@pytest.mark.parametrize("name", TARGETS)
def test_atheris_finds_nothing(name: str) -> None:
    if not HAS_ATHERIS:
        # No wheel for this machine; hypothesis has had its turn above, and the corpus, which atheris made.
        assert corpus(name)
        return
    result = judged(with_atheris(name, SLOW.get(name, RUNS["atheris"]), 0))
    print(result)
    assert not result.finding, result.finding
    assert result.executions >= SLOW.get(name, RUNS["atheris"])


def test_the_corpus_is_small() -> None:
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} == set(TARGETS)
    assert sum(path.stat().st_size for path in files) < 300_000


def test_a_parser_that_fails_is_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The test of the test: a decoder that trusts a length is found by both."""
    from protocol import cbor

    monkeypatch.setattr(cbor, "_read_map", lambda data, at, depth, count: ({0: data[at + count * 9]}, at))
    result = with_hypothesis("cbor", 400, 0)
    assert "IndexError" in result.finding or "AssertionError" in result.finding


@pytest.mark.long
@pytest.mark.parametrize("name", TARGETS)
def test_ten_minutes_of_each(name: str) -> None:
    for result in (with_atheris(name, 0, LONG_S), with_hypothesis(name, 0, LONG_S)):
        print(judged(result))
        assert not result.finding, result.finding
