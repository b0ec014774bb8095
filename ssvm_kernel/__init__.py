"""WebAssembly guests in Jupyter cells, with nothing but what the person grants."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["__version__", "load_ipython_extension", "unload_ipython_extension"]
__version__ = "0.1.0"

_ATTRIBUTE = "_ssvm_magics"


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics (``%load_ext ssvm_kernel``); compilers, engines and widgets load when first used."""
    from ssvm_kernel.magic import SsvmMagics, with_body

    magics = SsvmMagics(shell)
    setattr(shell, _ATTRIBUTE, magics)
    shell.register_magics(magics)
    shell.input_transformers_cleanup.insert(0, with_body)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """End the session's workers (``%unload_ext ssvm_kernel``); its grants end with it."""
    magics = getattr(shell, _ATTRIBUTE, None)
    if magics is not None:
        magics.close()
        delattr(shell, _ATTRIBUTE)
        transformers = shell.input_transformers_cleanup
        transformers[:] = [one for one in transformers if getattr(one, "__name__", "") != "with_body"]
