"""The JSON Schemas of what the product writes, made from the structs in `records`.

The files in ``schema/`` are these documents; a test keeps them equal, and writes them anew when it is run with
``SSVM_WRITE_SCHEMAS=1``.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ssvm_kernel.capabilities.records import VERSION, DecisionRecord, LedgerLine, RequestRecord

__all__ = ["documents"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def documents() -> dict[str, dict[str, Any]]:
    """Return each schema by the name of its file, e.g. ``"ledger-line-1.json"``."""
    types: dict[str, type[msgspec.Struct]] = {
        "request": RequestRecord,
        "decision": DecisionRecord,
        "ledger-line": LedgerLine,
    }
    return {f"{name}-{VERSION}.json": _document(name, struct) for name, struct in types.items()}


def _document(name: str, struct: type[msgspec.Struct]) -> dict[str, Any]:
    return {"$schema": _DIALECT, "$id": f"urn:ssvm-kernel:{name}:{VERSION}", **msgspec.json.schema(struct)}
