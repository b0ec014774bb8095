"""Where programs of compilers are looked for."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import PathFinder
from importlib.metadata import Distribution
from pathlib import Path

__all__ = ["file_of", "package_folder", "path_folders", "programs"]


def path_folders() -> tuple[Path, ...]:
    """Return the folders of ``PATH``; not those that are another one for each notebook, as ``node_modules/.bin``.

    What lies beside a notebook comes with it, and is not run because a cell is compiled (attack P01).
    """
    folders = map(Path, os.environ.get("PATH", "").split(os.pathsep))
    return tuple(folder for folder in folders if folder.is_absolute())


def programs(name: str, before: Iterable[Path] = (), after: Iterable[Path] = ()) -> Iterator[Path]:
    """Give the programs of a name on ``PATH``, and others before and after them: real paths, each once."""
    seen = set()
    for program in (*before, *(folder / name for folder in path_folders()), *after):
        with contextlib.suppress(OSError):
            real = program.resolve(strict=True)
            if real not in seen and os.access(real, os.X_OK):
                seen.add(real)
                yield real


def package_folder(name: str) -> Path | None:
    """Return the folder of an installed Python package, without importing it; None where it is not there."""
    spec = PathFinder.find_spec(name, _installed())
    return Path(spec.origin).parent if spec is not None and spec.origin is not None else None


def file_of(package: str, name: str) -> Iterator[Path]:
    """Give a file of an installed Python package, if that is there."""
    for found in Distribution.discover(name=package, path=_installed()):
        yield Path(str(found.locate_file(name)))
        return


def _installed() -> list[str]:
    """Return the folders of Python's packages: not that of the notebook, which IPython puts before them (X30)."""
    return [folder for folder in sys.path if Path(folder).is_absolute()]
