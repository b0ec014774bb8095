"""What cargo says, as findings about the cell."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ssvm_kernel.toolchains._cargo_manifest import Declared
from ssvm_kernel.toolchains._rustc_report import rustc_diagnostics
from ssvm_kernel.toolchains.base import Diagnostic, Severity
from ssvm_kernel.toolchains.render import NO_FILES

__all__ = ["build_diagnostics", "cargo_failure", "needs_network"]

_NEEDS_NETWORK = re.compile(
    r"--offline|offline mode|no matching package|failed to (?:download|get|select)|unable to update", re.IGNORECASE
)
_NETWORK = re.compile(
    r"network failure|resolve (?:address|host)|could not connect|failed to (?:fetch|download)|timed? ?out"
)
_QUOTED = re.compile(r"`([A-Za-z0-9_-]+)(?: [^`]*)?`")
_TOML = re.compile(r"(?:at line |Cargo\.toml:)(\d+)(?:, column |:)(\d+)")
_REMINDER = re.compile(r"^As a reminder, you're using offline mode")
_NOT_HERE = "crates come from the registry, which cannot be reached now; one by its path needs none"


def needs_network(said: str) -> bool:
    """Tell whether what failed without a network may succeed with one."""
    return bool(_NEEDS_NETWORK.search(said))


def cargo_failure(said: str, block: Declared, first: int) -> Diagnostic:
    """Return the one finding about a cell's declarations.

    Parameters
    ----------
    said : str
        What cargo wrote to stderr.
    block : Declared
        The declarations.
    first : int
        The line of the manifest that they begin at.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.partition(": ")[2] for line in lines if line.startswith("error: ")]
    problem = errors[0] if errors else (lines[0] if lines else "cargo failed without a word")
    toml = _TOML.search(said)
    if toml is not None and 0 <= int(toml[1]) - first < len(block.lines):
        return block.diagnostic(_innermost(lines) or problem, int(toml[1]) - first, int(toml[2]), rendered=said)
    causes = _causes(lines)
    at, crate = _named(said, block)
    if _NETWORK.search(said):
        problem = f"there is no crate {crate} here" if crate else problem
        causes = [_NOT_HERE, *causes[-1:]]
    message = "\n".join(dict.fromkeys([problem, *causes]))
    return (
        Diagnostic(Severity.ERROR, message, rendered=said)
        if at is None
        else block.diagnostic(message, at, rendered=said)
    )


def _named(said: str, block: Declared) -> tuple[int | None, str]:
    """Return the first declared crate that is spoken of, by its line and name."""
    for crate in _QUOTED.findall(said):
        at = block.line_of(crate)
        if at is not None:
            return at, crate
    return None, ""


def _causes(lines: list[str]) -> list[str]:
    """Return what led to an error, the outermost first; and what cargo adds to it."""
    causes = [after for line, after in itertools.pairwise(lines) if line == "Caused by:"]
    if causes:
        return causes
    start = next((at for at, line in enumerate(lines) if line.startswith("error: ")), len(lines))
    return [line for line in lines[start + 1 :] if not line.startswith("required by") and not _REMINDER.match(line)]


def _innermost(lines: list[str]) -> str:
    """Return what is wrong in a manifest: it stands below an excerpt of the place."""
    marks = [at for at, line in enumerate(lines) if re.fullmatch(r"(?:\d+ )?\|\s*\^+.*", line)]
    return "; ".join(lines[marks[-1] + 1 :]) if marks else ""


def build_diagnostics(
    stdout: str, source: str, cell: Path, files: Mapping[str, str] = NO_FILES
) -> tuple[Diagnostic, ...]:
    """Return the findings of a build: those about the cell as rustc has them, and errors of crates without a place.

    Parameters
    ----------
    stdout : str
        Cargo's messages, one JSON object a line.
    source : str
        The cell's text.
    cell : Path
        The file that it was compiled from.
    files : mapping of str to str
        Text of each of the session's files, which lie beside it.
    """
    found: list[Diagnostic] = []
    for item in _messages(stdout):
        target, message = item["target"], item["message"]
        if target["src_path"] == str(cell):
            found += rustc_diagnostics(json.dumps(message), source, cell.name, files)
        elif message["level"] == "error" and message["spans"]:
            span = message["spans"][0]
            place = f"{span['file_name']}:{span['line_start']}:{span['column_start']}"
            text = f"the crate {target['name']} does not compile: {message['message']} ({place})"
            found.append(Diagnostic(Severity.ERROR, text, rendered=str(message.get("rendered", ""))))
    return tuple(found)


def _messages(stdout: str) -> Iterator[dict[str, Any]]:
    for line in stdout.splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if isinstance(message, dict) and message.get("reason") == "compiler-message":
            yield message
