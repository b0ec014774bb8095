"""``ssvm``: guests on the command line, as SSVM and WasmEdge run them, with this package's grants and sandbox."""

from __future__ import annotations

from ssvm_kernel.cli.main import main

__all__ = ["main"]
