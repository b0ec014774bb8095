"""How code in the middle of a running cell waits for something without losing interrupts or the guest's end."""

from __future__ import annotations

import select
from typing import Protocol

from ssvm_kernel.errors import WorkerDied

__all__ = ["Wait", "Withdrawn", "wait_without_guest"]


class Withdrawn(WorkerDied):
    """The guest did not wait for the answer: it went on meanwhile, came to its end, or is gone."""


class Wait(Protocol):
    """Block the running cell until something is readable; supplied by the loop that runs the guest."""

    def __call__(self, fileno: int, timeout: float | None = None) -> bool:
        """Return True when `fileno` is readable, False when `timeout` (seconds) has passed.

        Raises
        ------
        ssvm_kernel.errors.WorkerDied
            When the guest that asked is gone: nobody needs the answer any more.
        KeyboardInterrupt
            When the person interrupts the cell.
        """
        ...


def wait_without_guest(fileno: int, timeout: float | None = None) -> bool:
    """Wait as `Wait` does where no guest waits for the answer; an interrupt of the cell ends it."""
    return bool(select.select([fileno], [], [], timeout)[0])
