"""Committing at once, in the caller's thread: for a simulated clock, which stands still while a thread works."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

_R = TypeVar("_R")


class InlineExecutor(Executor):
    """Runs each job when it is submitted; its future is done when it is returned."""

    def submit(self, fn: Callable[..., _R], /, *args: Any, **kwargs: Any) -> Future[_R]:
        """The job's result, or what it raised."""
        future: Future[_R] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future
