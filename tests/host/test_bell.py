"""`Bell`, by the descriptor that Linux has and by the pipe that every system has."""

from __future__ import annotations

import os
import select
import threading

import pytest

from ssvm_kernel.host.bell import Bell

from .approving import descriptors


@pytest.mark.parametrize("plain", [False, True])
def test_it_is_heard_from_another_thread_and_stays_so(monkeypatch: pytest.MonkeyPatch, plain: bool) -> None:
    if plain:
        monkeypatch.delattr(os, "eventfd", raising=False)
    before = descriptors()
    bell = Bell()
    assert select.select([bell.fileno], [], [], 0)[0] == []
    ringer = threading.Timer(0.05, bell.ring)
    ringer.start()
    assert select.select([bell.fileno], [], [], 60)[0] == [bell.fileno]
    ringer.join()
    bell.ring()
    assert select.select([bell.fileno], [], [], 0)[0] == [bell.fileno]
    bell.close()
    assert descriptors() <= before
