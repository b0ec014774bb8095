"""From a guest's imports to the functions of the model interfaces."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, cast

from ssvm_kernel.capabilities.models import MODEL_TYPES, family_of
from ssvm_kernel.host import models_errno, models_nn, models_ssvm
from ssvm_kernel.host.models import Interface, ModelState
from ssvm_kernel.host.process import Import, Memory

if TYPE_CHECKING:
    import wasmtime

    from ssvm_kernel.host.hostfunc import Kind

__all__ = ["bind_models"]

_FAMILIES: Final[dict[str, Callable[[ModelState, Memory], Interface]]] = {
    "tensorflow/B": models_ssvm.TensorFlow,
    "tensorflowlite/B": models_ssvm.TensorFlowLite,
    "image/B": models_ssvm.Images,
    "tensorflow/C": models_errno.TensorFlow,
    "tensorflowlite/C": models_errno.TensorFlowLite,
    "image/C": models_errno.Images,
    "nn": models_nn.NeuralNetworks,
}


def bind_models(linker: wasmtime.Linker, state: ModelState, imports: Iterable[Import], memory: str = "memory") -> None:
    """Define those functions of the model interfaces that a module imports.

    Parameters
    ----------
    linker : wasmtime.Linker
        Where to define them; it is then for one instance, as `state` is.
    state : ModelState
        What they share.
    imports : iterable of Import
        The module's imports; others are left alone.
    memory : str
        The name under which the module exports its memory 0.
    """
    from ssvm_kernel.host.hostfunc import GuestMemory, define_raw  # loads the engine

    interfaces: dict[str, Interface] = {}
    guest = GuestMemory(memory)
    for item in imports:
        name = item.name or ""
        type_ = MODEL_TYPES.get(item.module, {}).get(name)
        if type_ is None:
            continue
        family, bare = family_of(item.module, name)
        if family not in interfaces:
            interfaces[family] = _FAMILIES[family](state, guest)
        takes, _, gives = type_.partition(" -> ")
        define_raw(linker, item.module, name, _kinds(takes), _kinds(gives), interfaces[family].function(bare))


def _kinds(side: str) -> list[Kind]:
    """Return the types of one side of a function's type."""
    return cast("list[Kind]", [kind for kind in side.strip("()").split(", ") if kind])
