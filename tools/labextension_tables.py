"""Write the tables of abilities for the viewer of the JupyterLab extension, from those of the kernel: one truth.

``python tools/labextension_tables.py`` writes ``labextension/src/wasm/tables.generated.ts``; a test
tells when it is old.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from ssvm_kernel.capabilities.abilities import (
    DISPLAY_MODULE,
    DISPLAY_TYPES,
    KNOWN_IMPORTS,
    MODULE_ABILITIES,
    PROCESS_MODULES,
    PROCESS_TYPES,
)
from ssvm_kernel.capabilities.javascript import MODULES
from ssvm_kernel.capabilities.models import MODEL_TYPES

TARGET = Path(__file__).parents[1] / "labextension/src/wasm/tables.generated.ts"


def text() -> str:
    """Return the file."""
    abilities = [
        {
            "id": ability.id,
            "can": ability.can,
            "cannot": ability.cannot,
            "missing": ability.missing,
            "anyOf": sorted(ability.any_of),
            "allOf": sorted(ability.all_of),
        }
        for ability in MODULE_ABILITIES
    ]
    known = {module: sorted(names) for module, names in KNOWN_IMPORTS.items()}
    types = {f"{module}.{module}_{name}": kind for module in PROCESS_MODULES for name, kind in PROCESS_TYPES.items()}
    for module, functions in {DISPLAY_MODULE: DISPLAY_TYPES, **MODEL_TYPES}.items():
        types |= {f"{module}.{name}": kind for name, kind in functions.items()}
    tables: dict[str, Mapping[str, object] | Sequence[object]]
    tables = {"ABILITIES": abilities, "KNOWN": known, "PROCESS_MODULES": PROCESS_MODULES, "TYPES": types}
    lines = ["// Made by tools/labextension_tables.py from ssvm_kernel/capabilities; do not edit."]
    lines += [f"export const {name} = {_written(table)} as const;" for name, table in tables.items()]
    of_javascript = MODULES.pattern.replace("/", r"\/")
    lines += [f"export const OF_JAVASCRIPT = /^(?:{of_javascript})$/;"]
    return "\n".join(lines) + "\n"


def _written(table: Mapping[str, object] | Sequence[object]) -> str:
    """Return a table with one line for each thing in it."""
    if isinstance(table, Mapping):
        inner = [f"  {json.dumps(name)}: {json.dumps(item)}" for name, item in table.items()]
        return "\n".join(["{", ",\n".join(inner), "}"])
    return "\n".join(["[", ",\n".join(f"  {json.dumps(item)}" for item in table), "]"])


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
