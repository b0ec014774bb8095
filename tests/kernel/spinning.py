"""A guest that loops without a word, seen from outside."""

from __future__ import annotations

import time

import psutil

PATIENCE = 60.0
MORE = 1.5
"""Seconds of a processor; a process that only starts takes a part of it."""


def spinning(cells) -> int:
    """Wait until a guest of this kernel computes, and return its process."""
    kernel = psutil.Process(cells._manager.provisioner.process.pid)
    before: dict[int, float] = {}
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for child in kernel.children():
            try:
                used = child.cpu_times().user
            except psutil.Error:  # it has ended
                continue
            if used - before.setdefault(child.pid, used) > MORE:
                return child.pid
        time.sleep(0.05)
    raise AssertionError("no process of this kernel computes")
