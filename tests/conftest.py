"""What holds for every test."""

import asyncio

import pytest
from hypothesis import settings

from tests import pace

# Hypothesis' own profile for CI: one seed for each test, so that a red run is red again, and no deadline, which only
# measures how busy the machine is. `tests/fuzz` and the long runs have seeds of their own.
settings.load_profile("ci")


def pytest_configure(config: pytest.Config) -> None:
    """Says that the main thread has no event loop.

    On Python 3.11 pytest-asyncio asks for the current loop before each async test; the policy then makes one that
    nobody closes, and its ResourceWarning ends the whole session as an error.
    """
    asyncio.set_event_loop(None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first."""
    pace.sort(items, pace.read())


_noting = pace.Noting()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """In each process, and again in the one that they report to."""
    _noting.add(report.nodeid, report.duration)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """How long each file took in a whole run, by the one process that has seen all: that to which the others report."""
    config = session.config
    parallel = config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput")
    if parallel and pace.whole(config) and not (session.shouldstop or session.shouldfail):
        _noting.write()
