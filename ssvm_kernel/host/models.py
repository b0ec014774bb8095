"""What one run of a guest has of models: sessions, tensors, and what went wrong.

This runs in the worker.  A library's errors never reach the guest, which gets a number; the person is told why.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from ssvm_kernel.errors import GuestTrap
from ssvm_kernel.host.handles import Handles, TooMany
from ssvm_kernel.host.lending import Lent
from ssvm_kernel.host.process import Memory

__all__ = ["Interface", "ModelState", "Session", "dims_at", "graph_input"]

_MOST_SESSIONS: Final = 64
_MOST_TENSORS: Final = 10_000
_MOST_DIMS: Final = 32
_MOST_NOTES: Final = 10
_MOST_NOTE: Final = 300

Result = TypeVar("Result")


class Session(Protocol):
    """A model that can be run, of whichever library."""

    def run(self) -> None:
        """Compute the outputs."""

    def size(self, number: int) -> int:
        """Return the bytes of a tensor."""

    def read_into(self, number: int, target: memoryview) -> None:
        """Copy a tensor."""


class ModelState:
    """What one instance of a guest has of models.

    Parameters
    ----------
    lent : Lent
        The libraries that it may use.
    closed : bool
        Whether the operating system holds this process; TensorFlow's graphs, which are programs, need that.
    """

    def __init__(self, lent: Lent, *, closed: bool) -> None:
        self._lent = lent
        self._closed = closed
        self._sessions: Handles[tuple[str, Session]] = Handles(_MOST_SESSIONS)
        self._tensors: Handles[tuple[Session, int]] = Handles(_MOST_TENSORS)
        self._known: dict[tuple[int, int], int] = {}
        self.missed: dict[str, None] = {}
        """The extras that the guest wanted and was not lent."""
        self.notes: list[str] = []
        """What went wrong, for the person; not for ever."""

    def note(self, what: str) -> None:
        """Keep a sentence for the person."""
        if len(self.notes) < _MOST_NOTES:
            self.notes.append(what[:_MOST_NOTE])

    def library(self, extra: str) -> Any:
        """Return our module of a library, or None when it is not lent."""
        module = self._lent.modules.get(extra)
        if module is None and extra in self._lent.problems:
            self.note(f"{extra} cannot be loaded here: {self._lent.problems[extra]}")
        elif module is None:
            self.missed[extra] = None
        elif extra == "tensorflow" and not self._closed:
            self.note("a TensorFlow graph can open files, so it is run only where the operating system locks the guest")
            return None
        return module

    def attempt(self, what: str, function: Callable[[], Result]) -> Result | None:
        """Call a library; whatever it raises is noted, and gives None."""
        try:
            return function()
        except GuestTrap:
            raise
        except Exception as error:  # noqa: BLE001  (libraries raise what they like for what a guest hands them)
            self.note(f"{what}: {str(error) or type(error).__name__}")
            return None

    def open(self, extra: str, model: bytes) -> int:
        """Return a new session's number, 0 for none."""
        library = self.library(extra)
        if library is None:
            return 0
        if not model:
            self.note("the model is empty")
            return 0
        make = {"tflite": "LiteSession", "tensorflow": "GraphSession", "onnx": "OnnxSession"}[extra]
        session = self.attempt("the model cannot be used", lambda: getattr(library, make)(model))
        try:
            return 0 if session is None else self._sessions.add((extra, session))
        except TooMany as error:
            self.note(f"no further session: {error}")
            return 0

    def session(self, extra: str, number: int) -> Any:
        """Return a session of one library by its number, or None."""
        kind, session = self._sessions.get(number) or ("", None)
        return session if kind == extra else None

    def close(self, extra: str, number: int) -> None:
        """End a session; its tensors are gone with it."""
        session = self.session(extra, number)
        if session is None:
            return
        self._sessions.pop(number)
        self.forget_tensors(session)
        if hasattr(session, "close"):
            self.attempt("a session did not end", session.close)

    def run(self, session: Session | None) -> bool:
        """Run a session; return whether that worked."""
        if session is None:
            return False
        return self.attempt("the model did not run", partial(_ran, session)) is True

    def tensor(self, session: Session, number: int | None) -> int:
        """Return the number under which a guest knows a session's tensor, 0 for none."""
        if number is None:
            return 0
        key = (id(session), number)
        if key not in self._known:
            try:
                self._known[key] = self._tensors.add((session, number))
            except TooMany as error:
                self.note(f"no further tensor: {error}")
                return 0
        return self._known[key]

    def forget_tensors(self, session: Session) -> None:
        """Forget all tensors of a session."""
        self._tensors.discard_where(session)
        self._known = {key: value for key, value in self._known.items() if key[0] != id(session)}

    def has_tensor(self, tensor: int) -> bool:
        """Whether a tensor of that number is there."""
        return self._tensors.get(tensor) is not None

    def tensor_size(self, tensor: int) -> int:
        """Return the bytes of a tensor by the guest's number; 0 for none."""
        found = self._tensors.get(tensor)
        return 0 if found is None else found[0].size(found[1])

    def copy_tensor(self, tensor: int, view: Callable[[int], memoryview]) -> None:
        """Copy a tensor to where the guest wants it; nothing for none."""
        found = self._tensors.get(tensor)
        if found is not None:
            size = found[0].size(found[1])
            found[0].read_into(found[1], view(size))


def _ran(session: Session) -> bool:
    session.run()
    return True


class Interface:
    """One model interface for one instance; its methods are the functions, by their bare names.

    Parameters
    ----------
    state : ModelState
        What the instance has of models.
    memory : Memory
        The calling guest's memory.
    """

    def __init__(self, state: ModelState, memory: Memory) -> None:
        self.state = state
        self.memory = memory

    def function(self, name: str) -> Callable[..., Any]:
        """Return a function by its bare name, one of those in `ssvm_kernel.capabilities.models`."""
        function: Callable[..., Any] = getattr(self, name)
        return function


def dims_at(memory: Memory, caller: int, at: int, count: int) -> tuple[int, ...]:
    """Return a form, of at most as many dimensions as there can be; more give one that nothing fits."""
    data = memory.read(caller, at, 8 * count) if count <= _MOST_DIMS else b""
    return struct.unpack(f"<{count}q", data) if count <= _MOST_DIMS else (-1,)


def graph_input(
    state: ModelState, session: Any, name: str, shape: tuple[int, ...], dtype: int, data: memoryview
) -> Any:  # fmt: skip
    """Return what feeds a graph, a copy of the bytes, or None, with a note, when they are not of that form and type."""
    library = state.library("tensorflow")
    if library is None:
        return None

    def make() -> Any:
        kind = library.dtype_of(dtype)
        if kind is None:
            raise ValueError(f"the type {dtype} is not known here")
        if any(side < 0 for side in shape):
            raise ValueError(f"{shape} is no form")
        return library.Input(name, session.copied(data, kind, shape))

    return state.attempt(f"the input {name[:100]!r} cannot be taken", make)
