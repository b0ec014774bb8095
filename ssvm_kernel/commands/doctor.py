"""``%ssvm doctor``: what is in force here, by a worker that was really locked; and what to do about gaps."""

from __future__ import annotations

import importlib.metadata
import importlib.util

from ssvm_kernel.capabilities.models import EXTRAS
from ssvm_kernel.commands.base import Command
from ssvm_kernel.display.surface import current_surface
from ssvm_kernel.display.table import Table
from ssvm_kernel.display.text import size
from ssvm_kernel.errors import SsvmError
from ssvm_kernel.host.ceilingfile import load_ceiling
from ssvm_kernel.host.store import folder
from ssvm_kernel.modeling import installed
from ssvm_kernel.options import LineTraits, Parsed
from ssvm_kernel.sandbox.engines import ENGINES, EngineSettings, engine_tag
from ssvm_kernel.sandbox.protocol import Locked
from ssvm_kernel.session import Session
from ssvm_kernel.toolchains import registry

__all__ = ["COMMAND"]

_Row = tuple[str, str, str]
_DIALOG = "a dialog of JupyterLab where it has the extension"
_KERNEL = "a Linux kernel 5.13 or later with it enabled (its boot option lsm=…), and a container that allows it"


def _run(session: Session, parsed: Parsed[LineTraits], label: str) -> Table:
    del parsed, label
    rows = [*_locks(session), *_engines(), *_toolchains(), *_models(), _network(), _cache(), *_asking()]
    rows += [*_always(session), *_left()]
    return Table("what is in force here", ("part", "state", "what to do"), rows)


def _locks(session: Session) -> list[_Row]:
    """Return what holds a worker that was started and locked just now."""
    try:
        locks = session.probe_locks()
    except SsvmError as error:
        return [("guest's process", str(error), "report it; no guest can run like this")]
    return [
        _wall("files (Landlock)", locks.landlock_abi > 0, f"version {locks.landlock_abi}", _KERNEL),
        _wall("network (Landlock)", locks.landlock_abi >= 4, "no TCP connection", "Linux 6.7 or later"),
        _wall("system calls (seccomp)", locks.seccomp, "no process, no socket", _KERNEL),
        _wall("new privileges", locks.no_new_privs, "out of reach", "Linux"),
        ("resource limits", _limits(locks) or "none", "" if locks.rlimits else "a Unix system"),
        *(("missing", sentence, "a guest still has only what you grant") for sentence in locks.missing),
    ]


def _wall(part: str, stands: bool, what: str, remedy: str) -> _Row:
    return (part, f"in force ({what})", "") if stands else (part, "not in force", remedy)


def _limits(locks: Locked) -> str:
    byte_sized = {"data", "fsize", "core", "memlock"}
    return ", ".join(f"{name} {size(value) if name in byte_sized else value}" for name, value in locks.rlimits)


def _engines() -> list[_Row]:
    return [(f"engine {name}", engine_tag(EngineSettings(name)), "") for name in ENGINES]


def _toolchains() -> list[_Row]:
    return [(f"language {name}", *_toolchain(name)) for name in registry.names()]


def _toolchain(name: str) -> tuple[str, str]:
    try:
        found = registry.get(name).find()
    except SsvmError as error:
        return "not installed", str(error)
    return f"{found.version} ({found.path})", ""


def _models() -> list[_Row]:
    """Return which libraries can be lent to guests that have models computed."""
    rows = []
    for extra, name in EXTRAS.items():
        there = installed(extra)
        remedy = "" if there else f'pip install "ssvm-kernel[{extra}]"'
        rows.append((f"models: {name}", "installed" if there else "not installed", remedy))
    return rows


def _network() -> _Row:
    """Return whether guests can have connections."""
    from ssvm_kernel.sandbox.oslock import network_unavailable

    why = network_unavailable()
    return ("network", f"for no guest: {why}" if why else "for components, each connection by grant or question", "")


def _cache() -> _Row:
    place = folder("compiled")
    if place is None:
        return ("cache", "off", "give it a folder of your own that others cannot change: SSVM_CACHE_DIR")
    return ("cache", str(place.parent), "")


def _asking() -> list[_Row]:
    """Return who can be asked when a guest wants something that is not granted."""
    if not current_surface().live:
        return [("asking", "in this terminal, or nobody where there is none", "")]
    if importlib.util.find_spec("anywidget") is None:
        return [("asking", f"{_DIALOG}, by typing, or nobody", "pip install anywidget, for a prompt below the cell")]
    version = importlib.metadata.version("anywidget")
    return [("asking", f"{_DIALOG}, a prompt below the cell (anywidget {version}), by typing, or nobody", "")]


def _always(session: Session) -> list[_Row]:
    count = len(session.remembered.all())
    rows = [("answers for always", f"{count} in {session.remembered.path}", "")]
    return rows + [("answers for always", problem, "") for problem in session.remembered.take_problems()]


def _left() -> list[_Row]:
    """Return what a configuration leaves to be granted, where there is one."""
    try:
        ceiling = load_ceiling()
    except SsvmError as error:
        return [("what may be granted", str(error), "mend that file")]
    if ceiling is None:
        return [("what may be granted", "all that you grant", "")]
    return [("what may be granted", f"only what {' and '.join(ceiling.sources)} leaves", "")]


COMMAND = Command("%ssvm doctor", "Tell what is in force on this computer.", LineTraits, (0, 0), _run)
