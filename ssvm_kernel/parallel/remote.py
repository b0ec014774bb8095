"""The end of a map in another process: the function that an executor is given, by name and with bytes alone."""

from __future__ import annotations

import atexit
import hashlib
import sys
import threading
from collections import OrderedDict
from typing import Any, Final

from ssvm_kernel.host import store
from ssvm_kernel.parallel.lanes import LanePool
from ssvm_kernel.parallel.perform import Unwanted, Wanted, perform
from ssvm_kernel.parallel.tasks import Failure, TaskResult, encoder, task_decoder

__all__ = ["run_batch"]

_KIND: Final = "mapped"
_MOST_MODULES: Final = 8


def run_batch(payload: bytes) -> bytes:
    """Run a batch of a map in this process, in a locked worker of its own; `Task` in, `TaskResult` out.

    Parameters
    ----------
    payload : bytes
        A `ssvm_kernel.parallel.tasks.Task` as msgpack.

    Returns
    -------
    bytes
        A `ssvm_kernel.parallel.tasks.TaskResult` as msgpack.
    """
    task = task_decoder.decode(payload)
    wasm = _MODULES.find(task.setting.sha256, task.wasm)
    if wasm is None:
        return encoder.encode(TaskResult(needs_module=True))
    try:
        return encoder.encode(perform(task, wasm, _LANES, _wanted()))
    except Unwanted:
        return encoder.encode(TaskResult(problem=Failure("WorkerDied", "nobody waited for it any more")))


class _Modules:
    """The modules that came here, by their content's hash."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def find(self, sha256: str, sent: bytes) -> bytes | None:
        """Return a module that was sent now or before, to this process or to another one of this account."""
        with self._lock:
            wasm = self._kept.get(sha256)
        if wasm is None:
            wasm = sent or store.read(_KIND, sha256)
            if not wasm or hashlib.sha256(wasm).hexdigest() != sha256:
                return None
            if sent:
                store.write(_KIND, sha256, sent)
        with self._lock:
            self._kept[sha256] = wasm
            self._kept.move_to_end(sha256)
            while len(self._kept) > _MOST_MODULES:
                self._kept.popitem(last=False)
        return wasm


_MODULES: Final = _Modules()
_LANES: Final = LanePool()
atexit.register(_LANES.close)


def _wanted() -> Wanted:
    """Return what tells whether somebody waits for the task of this thread; only Dask lets a task know."""
    module: Any = sys.modules.get("distributed.worker")
    key = getattr(getattr(module, "thread_state", None), "key", None)
    if key is None:
        return lambda: True
    try:
        tasks = module.get_worker().state.tasks
    except (ValueError, AttributeError):
        return lambda: True

    def wanted() -> bool:
        task = tasks.get(key)
        return task is not None and task.state in ("executing", "long-running")

    return wanted
