"""Reading the files that the house rules are about."""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGE = "ssvm_kernel"
NOT_OURS = {".git", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".venv", ".venv-oldest"} | {
    "__pycache__",
    "artifacts",
    "build",
    "dist",
    "lib",
    "node_modules",
}
BUILT = (f"{PACKAGE}/labextension", f"{PACKAGE}/sdk/sysroot")


@dataclass(frozen=True)
class Module:
    """One Python file of the package."""

    root: Path
    path: Path

    @property
    def where(self) -> str:
        return self.path.relative_to(self.root).as_posix()

    @property
    def parts(self) -> tuple[str, ...]:
        """The dotted name below the package: ``("host", "spawn")``, and ``()`` for the package itself."""
        parts = self.path.relative_to(self.root / PACKAGE).with_suffix("").parts
        return parts[:-1] if parts[-1] == "__init__" else parts

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"), str(self.path))

    def at(self, node: ast.AST) -> str:
        return f"{self.where}:{getattr(node, 'lineno', 0)}"


def modules(root: Path, below: str = "") -> Iterator[Module]:
    """Yield the Python files of the package, or of one of its folders."""
    for path in sorted((root / PACKAGE / below).rglob("*.py")):
        if not path.relative_to(root).as_posix().startswith(BUILT):
            yield Module(root, path)


def files(root: Path) -> list[Path]:
    """Return the files under version control, or where there is none all that are not made by a tool."""
    if (root / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout
        return [root / name for name in listed.split("\0") if name and (root / name).is_file()]
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in NOT_OURS]
        if not Path(folder).relative_to(root).as_posix().startswith(BUILT):
            found += [Path(folder, name) for name in names]
    return found


@dataclass(frozen=True)
class Imported:
    """One imported name, dotted in full, and where it is imported."""

    name: str
    node: ast.AST


def imports(module: Module) -> Iterator[Imported]:
    """Yield everything a module imports, also in functions, relatively, and by a name given as text."""
    package = (PACKAGE, *module.parts)
    if module.path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Imported(alias.name, node)
        elif isinstance(node, ast.ImportFrom):
            base = [node.module] if node.module else []
            if node.level:
                base = [*package[: len(package) - node.level + 1], *base]
            for alias in node.names:
                yield Imported(".".join([*base, alias.name]), node)
        elif isinstance(node, ast.Call) and called(node) in {"import_module", "__import__"} and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield Imported(name.value, node)


def called(node: ast.Call) -> str:
    """Return the last name of what is called: ``run`` for ``subprocess.run(...)``."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` for such an expression, else an empty text."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else f"?.{node.attr}"
    return ""
