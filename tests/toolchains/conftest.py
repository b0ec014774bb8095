"""Compilers that the tests need, and a cache of its own for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from ssvm_kernel import sdk
from ssvm_kernel.errors import CompileError, ToolchainMissing
from ssvm_kernel.host import store
from ssvm_kernel.toolchains import registry
from ssvm_kernel.toolchains._sysroot import read_manifest
from ssvm_kernel.toolchains._ziglang import find_ziglang, sysroot_for
from ssvm_kernel.toolchains.base import Compiled, CompileOptions
from ssvm_kernel.toolchains.cache import compile_cached


def require(language: str) -> None:
    """Go on only with a compiler for `language`: a loud skip on somebody's machine, a failure where all is promised."""
    with required(language):
        registry.get(language).find()


@contextmanager
def required(language: str) -> Iterator[None]:
    """Skip or fail as `require` does, when what is done inside finds that something is missing."""
    try:
        yield
    except ToolchainMissing as missing:
        if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
            pytest.fail(f"the tests of {language} need its compiler: {missing}", pytrace=False)
        pytest.skip(f"NOT TESTED, {language} has no compiler here: {missing}")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what a test caches away from the person's cache and from other tests."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SSVM_CACHE_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def c_library(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """Make the C library once for all tests where the package was installed without it."""
    return library(tmp_path_factory, cxx=False)


@pytest.fixture(scope="session")
def cxx_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the C++ library where need be, and its precompiled headers, once for all tests."""
    folder = library(tmp_path_factory, cxx=True) or tmp_path_factory.mktemp("headers")
    with cached_in(folder):
        compile_cached(registry.get("c++"), registry.get("c++").hello)
    return folder


def library(tmp_path_factory: pytest.TempPathFactory, *, cxx: bool) -> Path | None:
    """Return a cache with the library of a language, or None where it is shipped."""
    require("c")
    zig = find_ziglang()
    part = "-cxx" if cxx else ""
    if read_manifest(Path(sdk.__file__).parent / "sysroot" / f"zig-{zig.version}{part}") is not None:
        return None
    folder = tmp_path_factory.mktemp("library")
    with cached_in(folder):
        sysroot_for(zig, print, cxx=cxx)
    return folder


@contextmanager
def cached_in(folder: Path) -> Iterator[None]:
    """Use a cache for longer than one test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSVM_CACHE_DIR", str(folder))
        yield


@pytest.fixture
def c(c_library: Path | None, cache: Path) -> None:
    """Make C cells compile in this test."""
    if c_library is not None:
        take_over(c_library, cache)


@pytest.fixture
def cxx(cxx_library: Path, cache: Path) -> None:
    """Make C++ cells compile in this test."""
    take_over(cxx_library, cache)


def take_over(folder: Path, cache: Path) -> None:
    """Link what took long to make from another cache, but no compiled cells."""
    shutil.copytree(folder, cache, dirs_exist_ok=True, ignore=shutil.ignore_patterns("compiled"), copy_function=os.link)


@pytest.fixture(scope="session")
def zig_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Have zig compile its own library once for all tests, the small one and the whole."""
    require("zig")
    folder = tmp_path_factory.mktemp("zig")
    with cached_in(folder):
        compile_cached(registry.get("zig"), registry.get("zig").hello)
        compile_cached(registry.get("zig"), f"{registry.get('zig').hello}// std.tar is not in the small one\n")
    return folder


@pytest.fixture
def zig(zig_library: Path, cache: Path) -> None:
    """Make Zig cells compile in this test."""
    take_over(zig_library, cache)


@pytest.fixture
def rust() -> None:
    """Make Rust cells compile in this test."""
    require("rust")


@pytest.fixture
def go(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Make Go cells compile in this test."""
    require("go")
    share_packages("go", cache, tmp_path_factory)


@pytest.fixture
def assemblyscript(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Make AssemblyScript cells compile in this test."""
    with required("assemblyscript"):
        share_packages("assemblyscript", cache, tmp_path_factory)


@pytest.fixture(params=["wat", "c", "c++", "zig", "rust", "go", "assemblyscript"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a test once per language."""
    if request.param != "wat":
        request.getfixturevalue({"c++": "cxx"}.get(request.param, request.param))
    return request.param


def build(language: str, source: str, *flags: str, opt: str = "", folder: Path) -> Compiled:
    """Compile without the cache."""
    folder.mkdir(exist_ok=True)
    return registry.get(language).compile(source, CompileOptions(opt, flags), folder)


def failure(language: str, source: str, *flags: str, folder: Path) -> CompileError:
    """Return the error of a cell that does not compile."""
    with pytest.raises(CompileError) as caught:
        build(language, source, *flags, folder=folder)
    return caught.value


SHARED = {"go": "go-build", "assemblyscript": "assemblyscript"}
"""What takes long to get, by the language that needs it: Go's compiled library, AssemblyScript's compiler."""


def share_packages(language: str, cache: Path, factory: pytest.TempPathFactory) -> None:
    """Let the store `cache` have what a language needs; it is compiled or fetched once for all tests.

    Raises
    ------
    ToolchainMissing
        When it cannot be had.
    """
    base = factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"{language}-packages"
    done = shared / "done"
    with FileLock(f"{shared}.lock"), cached_in(shared):
        registry.get(language).find()
        if not done.exists():
            shared.mkdir(exist_ok=True)
            build(language, registry.get(language).hello, folder=shared / "folder")
            done.touch()
        packages = store.folder(SHARED[language])
    assert packages is not None
    mine = cache / store.LAYOUT / packages.name
    mine.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mine.symlink_to(packages)


def crate(folder: Path, text: str, more: str = "", name: str = "shapes") -> str:
    """Make a crate and return the declaration of it."""
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n{more}\n[workspace]\n'
    )
    (folder / "src" / "lib.rs").write_text(text)
    return f'//! [dependencies]\n//! {name} = {{ path = "{folder}" }}\n'
