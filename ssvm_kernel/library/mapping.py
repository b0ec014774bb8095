"""``guest.map``: one of a guest's functions, or the guest as a program, for many items at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from ssvm_kernel.calls import Answered
from ssvm_kernel.errors import UsageError
from ssvm_kernel.guest import Guest
from ssvm_kernel.inputs import input_of
from ssvm_kernel.library.functions import Function
from ssvm_kernel.options import RunTraits
from ssvm_kernel.parallel.work import CallWork, RunWork, Work
from ssvm_kernel.session import Session

if TYPE_CHECKING:
    from ssvm_kernel.library.face import Exports

__all__ = ["map_items"]


def map_items(
    session: Session,
    guest: Guest,
    exports: Exports,
    function_or_args: str | Sequence[str] | Function,
    items: Iterable[Any],
    options: RunTraits,
    *,
    executor: Executor | None,
    batch: int,
    workers: int,
    return_exceptions: bool,
    cell: str,
) -> list[Any]:
    """See `ssvm_kernel.library.face.Library.map`."""
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise UsageError(
            f"executor is something with a method submit, as concurrent.futures has it, and {type(executor).__name__} "
            "has none. For Dask that is client.get_executor(), for ipyparallel client.executor()"
        )
    name = function_or_args.signature.name if isinstance(function_or_args, Function) else function_or_args
    work: Work
    args: tuple[str, ...] = ()
    if isinstance(name, str):
        given = _listed(items)
        work = CallWork(given, _Codec(exports[name].fitting(given[0]) if given else exports[name]))
    else:
        args = tuple(name)
        if not all(isinstance(arg, str) for arg in args):
            raise UsageError("map takes the name of a function, or a list of arguments that all runs get, each a str")
        stdin = input_of(options)
        work = RunWork(_listed(items), stdin.data if stdin is not None else b"")
    return session.map(
        guest,
        options,
        work,
        args=args,
        executor=executor,
        batch=batch,
        workers=workers,
        return_exceptions=return_exceptions,
        cell=cell,
    )


def _listed(items: Iterable[Any]) -> list[Any]:
    try:
        iterator = iter(items)
    except TypeError:
        raise UsageError(
            f"items are a list, or another thing to go through, and {type(items).__name__} is none"
        ) from None
    return list(iterator)


class _Codec:
    """A function's values as they travel."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self.name = function.export
        self.shape = function.signature.shape

    def lower(self, item: Any) -> tuple[bytes, bytes]:
        return self._function.lower(item)

    def lift(self, count: int, blob: bytes) -> list[Any]:
        return self._function.lift(Answered(count, blob))
