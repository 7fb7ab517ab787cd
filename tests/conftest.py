"""What holds for every test."""

import asyncio

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Says that the main thread has no event loop.

    On Python 3.11 pytest-asyncio asks for the current loop before each async test; the policy then makes one that
    nobody closes, and its ResourceWarning ends the whole session as an error.
    """
    asyncio.set_event_loop(None)
