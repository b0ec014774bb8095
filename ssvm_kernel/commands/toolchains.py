"""``%ssvm toolchains``: the languages of cells, with the compiler that was found for each, or how to get one."""

from __future__ import annotations

from ssvm_kernel.commands.base import Command
from ssvm_kernel.display.table import Table
from ssvm_kernel.errors import SsvmError, ToolchainMissing
from ssvm_kernel.options import LineTraits, Parsed
from ssvm_kernel.session import Session
from ssvm_kernel.toolchains import registry

__all__ = ["COMMAND"]

_HEADERS = ("language", "also", "version", "compiles for", "compiler, or how to get it")


def _run(session: Session, parsed: Parsed[LineTraits], label: str) -> Table:
    del session, parsed, label
    return Table("languages of cells", _HEADERS, [*map(_row, registry.names()), _components()])


def _row(name: str) -> tuple[str, ...]:
    try:
        toolchain = registry.get(name)
        found = toolchain.find()
    except ToolchainMissing as missing:
        return (name, "", "not found", "", missing.command or str(missing))
    except SsvmError as error:  # a plug-in that does not load
        return (name, "", "broken", "", str(error))
    return (name, ", ".join(toolchain.aliases), found.version, found.target, found.path)


def _components() -> tuple[str, ...]:
    """Tell of what makes components of cells with WIT, whatever their language."""
    from ssvm_kernel.toolchains._wasm_tools import find_wasm_tools

    try:
        tools = find_wasm_tools()
    except ToolchainMissing as missing:
        return ("(with WIT)", "", "not found", "", missing.command)
    return ("(with WIT)", "", f"wasm-tools {tools.version}", "components", str(tools.program))


COMMAND = Command(
    "%ssvm toolchains", "Tell which languages cells can be in, and what is missing.", LineTraits, (0, 0), _run
)
