"""What holds for every test."""

import asyncio

import pytest
from hypothesis import settings

# Hypothesis' own profile for CI: one seed for each test, so that a red run is red again, and no deadline, which only
# measures how busy the machine is. `tests/fuzz` and the long runs have seeds of their own.
settings.load_profile("ci")


def pytest_configure(config: pytest.Config) -> None:
    """Says that the main thread has no event loop.

    On Python 3.11 pytest-asyncio asks for the current loop before each async test; the policy then makes one that
    nobody closes, and its ResourceWarning ends the whole session as an error.
    """
    asyncio.set_event_loop(None)
