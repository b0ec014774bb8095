"""Cells with dependencies, built by the cargo that belongs to the compiler.

Each set of declarations has a project that stays, so that crates are compiled once and an edited cell alone.
"""

from __future__ import annotations

import contextlib
import filecmp
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.host import store
from ssvm_kernel.host.spawn import ToolResult
from ssvm_kernel.toolchains._alone import alone
from ssvm_kernel.toolchains._cargo_manifest import CELL, Declared, manifest
from ssvm_kernel.toolchains._cargo_report import build_diagnostics, cargo_failure, needs_network
from ssvm_kernel.toolchains._programs import path_folders
from ssvm_kernel.toolchains._rustc import Rustc
from ssvm_kernel.toolchains._tools import run_compiler
from ssvm_kernel.toolchains._versions import version_said
from ssvm_kernel.toolchains.base import Diagnostic
from ssvm_kernel.toolchains.render import compile_error

__all__ = ["ALLOW_SCRIPTS", "Built", "Order", "build", "find_cargo"]

ALLOW_SCRIPTS = "--allow-build-scripts"
"""The flag by which a person lets crates run code of theirs on this machine while they are compiled."""

_APART = 3  # minor versions that cargo and rustc may be apart; a later cargo gives options that rustc does not know
_KEPT = 8  # projects; the least recently used go first
_TIMEOUT = 600.0
_VERSION = re.compile(r"(?:cargo )?(\d+)\.(\d+)\.\S+")
_OURS = ("Cargo.toml", "Cargo.lock", CELL)
_LIBRARIES = "libraries-"
_RUNS_CODE = {"custom-build": "a build script", "proc-macro": "a procedural macro"}
_CRATES = ("registry/src", "git/checkouts")  # below cargo's home
# The registry is the person's: their mirror, their proxy, their certificates.
_OF_NETWORK = re.compile(r"(?i:(https?|no|all)_proxy)|SSL_CERT_(FILE|DIR)|CARGO_(HTTP|NET|REGISTR|SOURCE).*")
# A cell and its crates can read all variables of the compiler (`env!`): those that may hold a token are not there.
_OFFLINE = re.compile(r"CARGO_(REGISTR(Y|IES_\w+)_(INDEX|PROTOCOL)|SOURCE_.*)")


@dataclass(frozen=True)
class Order:
    """What is to be built.

    Parameters
    ----------
    rustc : Rustc
        The compiler.
    source : str
        The cell's text.
    block : Declared
        Its declarations.
    files : mapping of str to str
        The session's files.
    library : bool
        Whether it is a library and not a program.
    opt : str
        Optimisation level.
    target_flags : sequence of str
        Flags for all that is compiled for the guest.
    flags : sequence of str
        Flags for the cell alone.
    libraries : mapping of str to bytes
        Compiled crates that the cell gets without declaring them, by their names.
    linked : sequence of str
        Files of the person's that it is linked with.
    allow_scripts : bool
        Whether crates may run code of theirs on this machine.
    notice : callable or None
        As in `CompileOptions`.
    """

    rustc: Rustc
    source: str
    block: Declared
    files: Mapping[str, str]
    library: bool
    opt: str
    target_flags: Sequence[str]
    flags: Sequence[str]
    libraries: Mapping[str, bytes]
    linked: Sequence[str] = ()
    allow_scripts: bool = False
    notice: Callable[[str], None] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Built:
    """A module, what was found about it, and the files of the person's that it was made of besides the cell."""

    wasm: bytes
    diagnostics: tuple[Diagnostic, ...]
    read_files: tuple[str, ...]


def find_cargo(rustc: Rustc) -> Path:
    """Return the cargo that belongs to a compiler, or one of about its version.

    Raises
    ------
    ToolchainMissing
        With the commands that install one.
    """
    wanted = _VERSION.match(rustc.version)
    seen = []
    for program in _candidates(rustc):
        said = version_said(program)
        version = _VERSION.match(said)
        if version is None:
            continue
        if wanted is None or (version[1] == wanted[1] and abs(int(version[2]) - int(wanted[2])) <= _APART):
            return program
        seen.append(f"{program} is {said.partition(' (')[0]}")
    there = f" ({'; '.join(seen)})" if seen else ""
    command = "apt-get install cargo" if str(rustc.program).startswith("/usr/bin/") else "rustup component add cargo"
    problem = f"a cell with dependencies needs the cargo of {rustc.program} {rustc.version}, which was not found{there}"
    raise ToolchainMissing(f"{problem}. Install it with: {command}", command)


def _candidates(rustc: Rustc) -> Iterator[Path]:
    beside = [rustc.program.parent, rustc.program.resolve().parent]
    folders = [*beside, *path_folders()]
    seen = set()
    for folder in (*folders, Path("/usr/bin"), Path("/usr/local/bin")):
        program = folder / "cargo"
        with contextlib.suppress(OSError):
            real = program.resolve(strict=True)
            if real not in seen and real.name != "rustup" and os.access(program, os.X_OK):
                seen.add(real)
                yield program


def build(order: Order) -> Built:
    """Build a cell.

    Raises
    ------
    CompileError
        With line and column in the cell; for a crate that cannot be had, those of its declaration.
    ToolchainMissing
        When there is no cargo that belongs to the compiler.
    """
    cargo = find_cargo(order.rustc)
    text, first = manifest(order.block, library=order.library)
    with _project(f"{text}\0{order.rustc}", order.notice) as folder:
        _write(folder, text, order)
        project = _Project(cargo, folder, order, first)
        project.resolve()
        return project.compile()


class _Project:
    """A folder with a cell and its manifest."""

    def __init__(self, cargo: Path, folder: Path, order: Order, first: int) -> None:
        self._cargo = cargo
        self._folder = folder
        self._order = order
        self._first = first

    def resolve(self) -> None:
        """Choose the versions of the crates, and get those that are not here.

        Raises
        ------
        CompileError
            When one cannot be had, or wants to run code on this machine and may not.
        """
        words = ["metadata", "--format-version", "1", "--filter-platform", self._order.rustc.target]
        done = self._run([*words, "--offline"], _OF_NETWORK)
        if done.returncode != 0 and needs_network(done.stderr.decode(errors="replace")):
            done = self._run(words, _OF_NETWORK)
        if done.returncode != 0:
            raise self._failure(done)
        if not self._order.allow_scripts:
            self._refuse_scripts(json.loads(done.stdout)["packages"])

    def _refuse_scripts(self, packages: list[dict[str, object]]) -> None:
        found = list(_scripts(packages))
        if not found:
            return
        listed = ", ".join(found)
        said = (
            f"to compile these crates runs code of theirs on this machine, with your rights, not as a guest: {listed}\n"
            f"To allow that: --cflags {ALLOW_SCRIPTS}"
        )
        raise compile_error(self._order.source, [self._order.block.diagnostic(said, 0)])

    def compile(self) -> Built:
        """Compile the crates that are not compiled yet, and the cell.

        Raises
        ------
        CompileError
            When something does not compile.
        """
        order = self._order
        words = ["rustc", "--release", "--offline", "--target", order.rustc.target, "--message-format", "json"]
        given = _put_libraries(self._folder, order.libraries)
        done = self._run([*words, "--lib" if order.library else "--bins", "--", *given, *order.flags], _OFFLINE)
        said = done.stdout.decode(errors="replace")
        diagnostics = build_diagnostics(said, order.source, self._folder / CELL, order.files)
        if done.returncode != 0 and diagnostics:
            raise compile_error(order.source, diagnostics)
        if done.returncode != 0:
            raise self._failure(done)
        made = self._folder / "target" / order.rustc.target / "release"
        _remove_earlier(made)
        return Built((made / "cell.wasm").read_bytes(), diagnostics, (*self._read_files(made), *order.linked))

    def _failure(self, done: ToolResult) -> Exception:
        said = done.stderr.decode(errors="replace").replace(str(self._folder), "the cell")
        return compile_error(self._order.source, [cargo_failure(said, self._order.block, self._first)])

    def _read_files(self, made: Path) -> tuple[str, ...]:
        """Return the files that cell and crates are made of, but for those that cargo put there itself.

        From cargo's make rule, and from the compiler's: cargo leaves out what crates of a registry read (attack X08).
        """
        names = {name for rule in (made / "cell.d", *(made / "deps").glob("*.d")) for name in _prerequisites(rule)}
        theirs = [self._folder, *(Path(_home(), part).resolve() for part in _CRATES)]
        real = {name: Path(self._folder, name).resolve() for name in names}
        return tuple(sorted(name for name, path in real.items() if not any(map(path.is_relative_to, theirs))))

    def _run(self, words: Sequence[str], passed_on: re.Pattern[str]) -> ToolResult:
        order = self._order
        env = {name: value for name, value in os.environ.items() if passed_on.fullmatch(name)}
        env |= {
            "CARGO_HOME": _home(),
            "CARGO_TARGET_DIR": str(self._folder / "target"),
            "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(order.target_flags),
            "CARGO_PROFILE_RELEASE_OPT_LEVEL": order.opt,
            "CARGO_TERM_COLOR": "never",
            "CARGO_NET_RETRY": "1",
            "CARGO_HTTP_TIMEOUT": "20",
            "RUSTC": str(order.rustc.program),
            "RUSTC_WRAPPER": "",
        }
        argv = [str(self._cargo), *words]
        return run_compiler(argv, self._folder, source=order.source, timeout=_TIMEOUT, env=env, notice=order.notice)


def _put_libraries(folder: Path, libraries: Mapping[str, bytes]) -> list[str]:
    """Put compiled crates into a project, and return the flags by which the cell gets them.

    Where they are is part of cargo's name for what it makes: it stays the same as long as they do, and no longer, since
    cargo does not look whether they changed.
    """
    digest = hashlib.sha256()
    for name, data in sorted(libraries.items()):
        digest.update(f"{name}:{len(data)}:".encode() + data)
    place = folder / f"{_LIBRARIES}{digest.hexdigest()[:16]}"
    place.mkdir(exist_ok=True)
    flags: list[str] = []
    for name, data in libraries.items():
        file = place / f"lib{name}.rlib"
        if not file.is_file() or file.stat().st_size != len(data):
            file.write_bytes(data)
        flags += ["--extern", f"{name}={file}"]
    for other in folder.glob(f"{_LIBRARIES}*"):
        if other != place:
            shutil.rmtree(other, ignore_errors=True)
    return flags


def _remove_earlier(made: Path) -> None:
    """Remove what was made of cells that were built before otherwise, and with it the rules that name its files.

    By the modules: a crate may be called as the cell is, and what such a one reads has to be told.
    """
    with contextlib.suppress(OSError):
        for module in (made / "deps").glob("cell-*.wasm"):
            if not filecmp.cmp(module, made / "cell.wasm", shallow=False):
                module.unlink()
                module.with_suffix(".d").unlink(missing_ok=True)


def _home() -> str:
    return os.environ.get("CARGO_HOME") or str(Path("~/.cargo").expanduser())


def _prerequisites(rule: Path) -> list[str]:
    """Return the files that a file of make rules says something is made of."""
    try:
        text = rule.read_text("utf-8", "surrogateescape")
    except OSError:
        return []
    lines = (line.partition(": ")[2] for line in text.split("\n") if not line.startswith("#"))
    return [name.replace("\\ ", " ") for line in lines for name in re.split(r"(?<!\\) ", line) if name]


def _scripts(packages: list[dict[str, object]]) -> Iterator[str]:
    """Name the crates that run code while they are compiled, and what."""
    for package in packages:
        targets = package["targets"]
        assert isinstance(targets, list)
        for target in targets:
            kind = next((_RUNS_CODE[name] for name in target["kind"] if name in _RUNS_CODE), None)
            if kind is not None:
                yield f"{package['name']} {package['version']} ({kind})"


@contextlib.contextmanager
def _project(identity: str, notice: Callable[[str], None] | None = None) -> Iterator[Path]:
    """Give the folder of a project, which no other kernel uses meanwhile."""
    home = store.folder_or_temporary("cargo").resolve()  # as cargo names it in what it says of the cell
    folder = home / hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    with alone(folder, "building cells with the same crates", notice):
        if not folder.is_dir():
            _make_room(home)
        folder.mkdir(mode=0o700, exist_ok=True)
        os.utime(folder)
        yield folder


def _make_room(home: Path) -> None:
    """Remove the projects that were not used for longest, but none that is in use now."""
    from filelock import FileLock

    with contextlib.suppress(OSError):
        projects = sorted((path.stat().st_mtime, path) for path in home.iterdir() if path.is_dir())
        for _, path in projects[: max(0, len(projects) - _KEPT + 1)]:
            with contextlib.suppress(OSError), FileLock(f"{path}.lock", timeout=0):
                shutil.rmtree(path, ignore_errors=True)


def _write(folder: Path, text: str, order: Order) -> None:
    """Put the cell, the session's files and the manifest into a project, and take out what was there before."""
    for path in folder.iterdir():
        if path.is_file() and path.name not in _OURS and path.name not in order.files:
            path.unlink()
    for name, content in (*order.files.items(), ("Cargo.toml", text), (CELL, order.source)):
        place = folder / name
        data = content.encode("utf-8", "surrogatepass")
        if not place.is_file() or place.read_bytes() != data:
            place.write_bytes(data)
    if order.linked:  # cargo does not look whether they changed
        (folder / CELL).touch()
