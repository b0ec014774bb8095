"""WebAssembly guests in Jupyter cells, with nothing but what the person grants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ssvm_kernel.library.alone import load
    from ssvm_kernel.library.face import Library

__all__ = ["Library", "__version__", "load", "load_ipython_extension", "unload_ipython_extension"]
__version__ = "0.1.0"

_ATTRIBUTE = "_ssvm_magics"
_GUESTS = "ssvm"
_LAZY = {"Library": "ssvm_kernel.library.face", "load": "ssvm_kernel.library.alone"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics (``%load_ext ssvm_kernel``); compilers, engines and widgets load when first used."""
    from ssvm_kernel.library.names import Guests
    from ssvm_kernel.magic import SsvmMagics, with_body

    magics = SsvmMagics(shell)
    setattr(shell, _ATTRIBUTE, magics)
    shell.register_magics(magics)
    shell.input_transformers_cleanup.insert(0, with_body)
    shell.events.register("pre_run_cell", magics.before_cell)
    shell.events.register("post_run_cell", magics.after_cell)
    if _GUESTS not in shell.user_ns:  # a variable of the person's own stays
        shell.push({_GUESTS: Guests(magics)}, interactive=False)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """End the session's workers (``%unload_ext ssvm_kernel``); its grants end with it."""
    magics = getattr(shell, _ATTRIBUTE, None)
    if magics is not None:
        magics.close()
        shell.events.unregister("pre_run_cell", magics.before_cell)
        shell.events.unregister("post_run_cell", magics.after_cell)
        delattr(shell, _ATTRIBUTE)
        if type(shell.user_ns.get(_GUESTS)).__name__ == "Guests":
            del shell.user_ns[_GUESTS]
        transformers = shell.input_transformers_cleanup
        transformers[:] = [one for one in transformers if getattr(one, "__name__", "") != "with_body"]
