"""`ssvm_kernel.host.interrupts`: an interrupt is neither lost nor early."""
# ruff: noqa: PT012 - where inside a block the interrupt arrives is what is tested

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from ssvm_kernel.host.interrupts import InterruptGate


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def handler_is_restored():
    before = signal.getsignal(signal.SIGINT)
    yield
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_waits_for_the_end():
    steps = []
    with pytest.raises(KeyboardInterrupt), InterruptGate():
        interrupt()
        steps.append("went on")
    assert steps == ["went on"]


def test_an_open_gate_lets_it_through_at_once():
    steps = []
    with pytest.raises(KeyboardInterrupt), InterruptGate() as gate:
        gate.open()
        interrupt()
        steps.append("not reached")
    assert steps == []


def test_opening_lets_through_what_was_held():
    steps = []
    with pytest.raises(KeyboardInterrupt), InterruptGate() as gate:
        interrupt()
        steps.append("held")
        gate.open()
        steps.append("not reached")
    assert steps == ["held"]


def test_a_closed_gate_holds_again():
    steps = []
    with pytest.raises(KeyboardInterrupt), InterruptGate() as gate:
        gate.open()
        gate.close()
        interrupt()
        steps.append("went on")
    assert steps == ["went on"]


def test_cleaning_up_after_an_interrupt_is_not_interrupted():
    steps = []
    with pytest.raises(KeyboardInterrupt), InterruptGate() as gate:
        try:
            gate.open()
            interrupt()
        finally:
            interrupt()
            steps.append("cleaned up")
    assert steps == ["cleaned up"]


def test_gates_nest_and_the_outer_one_decides():
    steps = []
    with pytest.raises(KeyboardInterrupt), InterruptGate():
        with InterruptGate():
            interrupt()
            steps.append("inner")
        steps.append("outer")
    assert steps == ["inner", "outer"]


def test_an_open_gate_inside_a_closed_one_holds():
    steps = []
    with pytest.raises(KeyboardInterrupt), InterruptGate():
        with InterruptGate() as inner:
            inner.open()
            interrupt()
            steps.append("inner")
        steps.append("outer")
    assert steps == ["inner", "outer"]


def test_a_handler_that_only_takes_notice_is_called_once_for_each():
    noticed = []
    before = signal.signal(signal.SIGINT, lambda *_: noticed.append(1))
    try:
        with InterruptGate() as gate:
            gate.open()
            interrupt()
            interrupt()
            gate.close()
            interrupt()
            assert noticed == [1, 1]
        assert noticed == [1, 1, 1]
    finally:
        signal.signal(signal.SIGINT, before)


def test_ignored_interrupts_stay_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with InterruptGate() as gate:
            gate.open()
            interrupt()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_program_that_never_asked_about_interrupts_ends_by_one():
    script = """
import signal
from ssvm_kernel.host.interrupts import InterruptGate
signal.signal(signal.SIGINT, signal.SIG_DFL)
with InterruptGate():
    signal.raise_signal(signal.SIGINT)
    print("held", flush=True)
print("not reached")
"""
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGINT, b"held\n")


def test_on_another_thread_it_does_nothing():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work() -> None:
        with InterruptGate() as gate:
            gate.open()
            gate.close()
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_handler_of_another_library_is_left_alone(monkeypatch):
    handler = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch:
        patch.setattr("_signal.getsignal", lambda number: None)
        with InterruptGate() as gate:
            gate.open()
            gate.close()
    assert signal.getsignal(signal.SIGINT) is handler
