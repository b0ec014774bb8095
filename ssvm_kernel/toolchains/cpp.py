"""C++, by the ``ziglang`` package, with the standard headers compiled once.

The headers are nearly all of what a cell costs: ``<iostream>`` alone takes 0.9 s, with precompiled ones 0.08 s.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ssvm_kernel import sdk
from ssvm_kernel.errors import CompileError
from ssvm_kernel.host.store import load_blob, root, store_blob
from ssvm_kernel.toolchains._clang import DEFAULT_OPT, Clang, Step
from ssvm_kernel.toolchains._tools import signature

__all__ = ["CppToolchain"]

STANDARD = Path(sdk.__file__).parent / "cpp" / "standard.h"
_KIND = "precompiled"
_PRECOMPILED = "cell.pch"
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<(\w+)>", re.MULTILINE)
_QUICK = frozenset({"cassert", "cstdint", "cstdio", "cstdlib", "cstring"})  # to read them costs next to nothing
# A macro before the first header may be meant for it ("#define _LIBCPP_HARDENING_MODE …").
_SETTING = re.compile(r"\A(?:(?!#[ \t]*include).)*^[ \t]*#[ \t]*(?:define|undef)\b", re.MULTILINE | re.DOTALL)
_THROWS = re.compile(r"cannot use '(throw|try)' with exceptions disabled")
_WITHOUT = (
    "C++ guests have no exceptions, because the C++ library for WebAssembly has none: return std::optional or "
    "std::expected, or end the guest with std::exit"
)
_log = logging.getLogger(__name__)


class CppToolchain(Clang):
    """C++23 with GNU extensions and without exceptions, libc++, WASI, SIMD."""

    name = "c++"
    aliases = ("cpp", "cxx")
    suffix = ".cpp"
    hello = '#include <iostream>\nint main() { std::cout << "hello\\n"; }\n'
    cxx = True
    example = "int main() { return 0; }"
    helps = (*Clang.helps, (_THROWS, _WITHOUT))
    # Inline members of the library's templates would be exports of every library otherwise.
    standard = ("-x", "c++", "-std=gnu++23", "-fno-exceptions", "-nostdinc++", "-fvisibility-inlines-hidden")

    def compile_step(self, step: Step, opt: str, flags: list[str], cell: str) -> tuple[str, bool]:
        """Compile the cell, with the precompiled headers where they help.

        They fit to one set of flags only; a cell with flags of its own is compiled as it stands.
        """
        if opt == DEFAULT_OPT and not flags and _wants_headers(step):
            headers = self._precompiled(step, opt)
            if headers is not None:
                said, did_fail = super().compile_step(step, opt, ["-include-pch", str(headers)], cell)
                if not (did_fail and _refused(said)):
                    return said, did_fail
                _log.warning("the precompiled C++ headers do not fit any more: %s", said.splitlines()[0])
        return super().compile_step(step, opt, flags, cell)

    def _precompiled(self, step: Step, opt: str) -> Path | None:
        """Return the headers, compiled now if need be; None where they cannot be kept or made."""
        if root() is None:  # they take longer than one cell without them
            return None
        key = _key([*self.command(step, opt), signature(step.zig.program, STANDARD)])
        kept = load_blob(_KIND, key)
        if kept is not None:
            return kept
        if step.notice is not None:
            step.notice("compiling the C++ headers: once on this machine, a second or two")
        made = step.workdir / _PRECOMPILED
        make = ["-x", "c++-header", "-fpch-instantiate-templates", str(STANDARD), "-o", made.name]
        try:
            _, did_fail = replace(step, notice=None).run([*self.command(step, opt), *make])
            if did_fail:
                return None
            return store_blob(_KIND, key, made.read_bytes())
        except (CompileError, OSError):  # it took too long, or the disk is full: then without
            return None


def _wants_headers(step: Step) -> bool:
    """Whether the cell, or a file of the session, includes a header that takes long, and changes nothing in it."""
    ours = set(_INCLUDE.findall(STANDARD.read_text("utf-8"))) - _QUICK
    texts = (step.source, *(text for _, text in step.files))
    return any(map(ours.intersection, map(_INCLUDE.findall, texts))) and not any(map(_SETTING.search, texts))


def _refused(said: str) -> bool:
    """Whether it is the precompiled headers that clang does not take."""
    return "precompiled" in said or "PCH" in said or "AST file" in said


def _key(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
