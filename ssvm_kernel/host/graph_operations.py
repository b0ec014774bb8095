"""Which operations of a TensorFlow graph are not run: a graph is a program, and some open files or call Python.

The operating system's lock holds them all; this list says so before anything runs, and names the operation.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["refuses"]

_REFUSED: Final = re.compile(
    "File|Reader|Dataset|Iterator|^Save|^Restore|Checkpoint|Summary|^Debug|PyFunc|Rpc|Remote|^Collective|ImmutableConst"
    "|^PrintV2$|LoadAndRemap|VocabRemapping|TPU|^_?Send$|^_?Recv$|^_?Host(Send|Recv)$"
)


def refuses(operation: str) -> bool:
    """Whether an operation can reach files, other processes or Python."""
    return _REFUSED.search(operation) is not None
