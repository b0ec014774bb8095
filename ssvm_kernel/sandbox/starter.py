"""Starting processes that outlive the thread that wants them: on Linux one ends with the thread that started it."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

__all__ = ["lasting"]

_ONE_AT_A_TIME: Final = threading.Lock()
Started = TypeVar("Started")


def lasting(start: Callable[[], Started]) -> Started:
    """Call `start` on a thread that does not end before this process: the main one, or one for all the others.

    Parameters
    ----------
    start : callable
        Starts a process, and returns at once.
    """
    if threading.current_thread() is threading.main_thread():
        return start()
    with _ONE_AT_A_TIME:
        return _starter().submit(start).result()


@functools.cache
def _starter() -> ThreadPoolExecutor:
    """Return the thread for the others; with the lock held, since of two the one that nobody kept would end."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(1, "ssvm-starter")
