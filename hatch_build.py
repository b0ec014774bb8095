"""Build hook: put the prebuilt C and C++ libraries for cells into the package, so that no first cell waits for them.

It also asks for node where the build of the JupyterLab extension has none; hatchling takes one such hook.

Without the ziglang package (or where it fails) the build goes on: a library is then made once on the person's
machine, at the first cell that needs it.
"""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FOLDER = "ssvm_kernel/sdk/sysroot"
_TIMEOUT = 900.0  # seconds; each takes about 20 on an idle machine
_PARTS = {"C": "", "C++": "-cxx"}  # the library of a language, and how its folder's name ends


class SysrootBuildHook(BuildHookInterface[Any]):
    """Makes ``ssvm_kernel/sdk/sysroot/zig-VERSION`` and ``-cxx`` and adds them to what is built."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what the build needs besides ``build-system.requires``: nothing for what is already built."""
        root = Path(self.root)
        return [*self._zig_requirement(), *_load_module(root / "hatch_node.py").build_requirements(root)]

    def _zig_requirement(self) -> list[str]:
        """Return the very ziglang that the extra ``c`` installs."""
        if self._finished():
            return []
        extra = self.metadata.core.optional_dependencies.get("c", [])
        return [requirement for requirement in extra if requirement.startswith("ziglang")]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the library unless it is there, and list it: version control ignores it, so it has to be named."""
        del version
        zig = _installed_zig()
        if zig is not None:
            self._make(zig)
        elif not self._finished():
            self.app.display_warning("ziglang is not installed: C and C++ cells will make their library at first use")
        build_data["artifacts"].append(f"/{_FOLDER}/**")

    def _make(self, zig: Path) -> None:
        sysroot = _load_sysroot_module(Path(self.root))
        try:
            installed = _run([str(zig), "version"], self.root, {})[1].strip()
            for language, part in _PARTS.items():
                folder = Path(self.root) / _FOLDER / f"zig-{installed}{part}"
                if sysroot.read_manifest(folder) is None:
                    self.app.display_info(f"building the {language} library of zig {installed} for cells")
                    sysroot.make_sysroot(zig, folder, _run, cxx=language == "C++")
        except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
            self.app.display_warning(f"a library is not in this build, cells will make it at first use: {error}")

    def _finished(self) -> bool:
        read = _load_sysroot_module(Path(self.root)).read_manifest
        folder = Path(self.root) / _FOLDER
        return any(read(made) for made in folder.glob("zig-*-cxx") if read(folder / made.name.removesuffix("-cxx")))


def _installed_zig() -> Path | None:
    found = importlib.util.find_spec("ziglang")
    if found is None or found.origin is None:
        return None
    return next(
        (path for path in Path(found.origin).parent.glob("zig*") if path.stem == "zig" and path.is_file()), None
    )


def _load_sysroot_module(root: Path) -> ModuleType:
    """Load the one module that knows how, without the package around it, whose dependencies a build does not have."""
    return _load_module(root / "ssvm_kernel" / "toolchains" / "_sysroot.py")


def _load_module(path: Path) -> ModuleType:
    """Load a module by its path: a build hook cannot import what lies beside it."""
    spec = importlib.util.spec_from_file_location(f"_ssvm_build_{path.stem}", path)
    if spec is None or spec.loader is None:
        msg = f"cannot load {path}"
        raise RuntimeError(msg)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _run(argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
    done = subprocess.run(
        list(argv), cwd=cwd, env=dict(env), capture_output=True, text=True, timeout=_TIMEOUT, check=False
    )
    return done.returncode, done.stdout, done.stderr
