"""``python -m ssvm_kernel.kernel``: the kernel, from a folder that one trusts.

The kernelspec starts the same without it: Python looks for a module to run in the current folder first, which is the
notebook's, and would take a folder ``ssvm_kernel`` there for ours (attack X30).
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # A file in the notebook's folder must not be taken for one of our imports; IPython adds the folder.
    if sys.path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109 - pathlib could be such a file
        del sys.path[0]
    from ssvm_kernel.kernel.app import main

    main()
