"""What only one kernel of a person may do at a time: fetch a compiler, build a library, build a cell's crates."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from ssvm_kernel.errors import ToolchainMissing

__all__ = ["alone"]

_PATIENCE = 2.0  # seconds without a word
_MOST = 1800.0


@contextlib.contextmanager
def alone(place: Path, doing: str, notice: Callable[[str], None] | None, seconds: float = _MOST) -> Iterator[None]:
    """Hold the lock of a place; wait while another kernel holds it.

    Parameters
    ----------
    place : Path
        What is worked on; the lock is a file beside it.
    doing : str
        What another kernel does meanwhile, for messages: ``"building the same crates"``.
    notice : callable or None
        Told when there is something to wait for.
    seconds : float
        How long to wait.

    Raises
    ------
    ToolchainMissing
        When the other kernel holds it for longer, or there can be no lock.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(f"{place}.lock")
    try:
        try:
            lock.acquire(timeout=min(_PATIENCE, seconds))
        except Timeout:
            if notice is not None:
                notice(f"waiting for another kernel, which is {doing}")
            lock.acquire(timeout=seconds)
    except Timeout:
        raise ToolchainMissing(
            f"another kernel is still {doing}, after {seconds:.0f} s. Run the cell again when it is done"
        ) from None
    except OSError as error:
        raise ToolchainMissing(f"{place}.lock cannot be written: {error.strerror or error}") from None
    try:
        yield
    finally:
        lock.release()
