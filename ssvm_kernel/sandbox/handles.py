"""Handles of a component's resources in a worker: the kernel has numbers for them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from wasmtime import _ffi as ffi
from wasmtime.component import _enter

from ssvm_kernel.sandbox.setting import CannotRun

__all__ = ["HandleCodec", "Handles"]


class Handles:
    """The resources of the kept instance that the kernel has a handle of."""

    def __init__(self) -> None:
        self._held: dict[int, Any] = {}
        # A number is never used twice, nor by the next worker: a handle of an instance that ended must find nothing.
        self._last = int.from_bytes(os.urandom(6), "little") << 8

    def add(self, resource: Any) -> int:
        """Keep the engine's handle, and return its number."""
        self._last += 1
        self._held[self._last] = resource
        return self._last

    def look(self, number: int) -> Any:
        """Return the engine's handle.

        Raises
        ------
        CannotRun
            When there is none of this number.
        """
        if number not in self._held:
            raise CannotRun("call", "its resource is gone, with the instance that it was of")
        return self._held[number]

    def forget(self, number: int) -> None:
        """Let go of a handle; what it stands for goes on."""
        held = self._held.pop(number, None)
        if held is not None:
            ffi.wasmtime_component_resource_any_delete(held)

    def end(self, store: Any, numbers: Iterable[int]) -> None:
        """Let resources end, as their guest wants to be told: its code may run.

        Raises
        ------
        wasmtime.Trap, wasmtime.WasmtimeError
            What happened there.
        """
        for number in numbers:
            held = self._held.pop(number, None)
            if held is not None:
                try:
                    _enter.enter_wasm(partial(ffi.wasmtime_component_resource_any_drop, store._context(), held))
                finally:
                    ffi.wasmtime_component_resource_any_delete(held)

    def clear(self) -> None:
        """Let go of all handles: their instance ends."""
        for number in list(self._held):
            self.forget(number)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Have other handles meanwhile, of an instance that ends after its call."""
        kept, self._held = self._held, {}
        try:
            yield
        finally:
            self.clear()
            self._held = kept


class HandleCodec:
    """How a resource is written and read; see `ssvm_kernel.sandbox.componentvalues.Codec`.

    Parameters
    ----------
    handles : Handles
        Where it is looked up.
    own : bool
        Whether who gets it has it from then on.
    """

    def __init__(self, handles: Handles, *, own: bool) -> None:
        self._handles = handles
        self._own = own

    def write(self, value: int, slot: Any) -> None:
        """Write the resource of a number."""
        slot.of.resource = ffi.wasmtime_component_resource_any_clone(self._handles.look(value))
        slot.kind = ffi.WASMTIME_COMPONENT_RESOURCE.value
        if self._own:
            self._handles.forget(value)

    def read(self, slot: Any) -> int:
        """Return a number for a resource."""
        return self._handles.add(ffi.wasmtime_component_resource_any_clone(slot.of.resource))
