"""``python -m ssvm_kernel.kernel``: what the kernelspec starts."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # A file in the notebook's folder must not be taken for one of our imports; IPython adds the folder.
    if sys.path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109 - pathlib could be such a file
        del sys.path[0]
    from ssvm_kernel.kernel.app import SsvmKernelApp

    SsvmKernelApp.launch_instance()
