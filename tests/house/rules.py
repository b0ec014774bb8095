"""The house rules: each function returns the places that break one, as ``file:line: what is wrong``."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from .sources import PACKAGE, called, dotted, files, imports, modules

MOST_LINES = 400

# Lower layers first. A module imports from its own area and from lower layers; areas in one set do not know each other,
# except those of one run, which are one area in several files.
LAYERS = (
    {"errors", "enginechoice", "optionvalues", "sdk"},
    {"capabilities", "options"},
    {"host"},
    {"toolchains", "sandbox", "deciders", "display"},
    {"guest", "ahead", "authority", "answers", "broker", "context", "ending", "opens", "picks", "runtime", "compare"}
    | {"calls", "exhibits", "formats", "inputs", "lent", "modeling", "namespace", "optionline", "profiling", "progress"}
    | {"connections", "reporting", "result", "retrace", "variables"},
    {"parallel"},
    {"session"},
    {"library"},
    {"commands"},
    {"panel"},
    {"magic", "kernel", "cli"},
    {""},  # the public face
)
ONE_RUN = LAYERS[4]

SPAWN = f"{PACKAGE}/host/spawn.py"
STARTS_A_PROCESS = re.compile(
    r"(fork|forkpty|vfork|system|popen|posix_spawnp?|exec(l|le|lp|lpe|v|ve|vp|vpe)|spawn(l|le|lp|lpe|v|ve|vp|vpe)|startfile"
    r"|create_subprocess_(exec|shell)|subprocess_(exec|shell)|ProcessPoolExecutor|fork_exec)"
)
STARTERS_OF_SUBPROCESS = {"Popen", "run", "call", "check_call", "check_output", "getoutput", "getstatusoutput"}
MODULES_THAT_START = {"multiprocessing", "pexpect", "ptyprocess", "pty", "_posixsubprocess"}

RUNS_DATA_AS_CODE = {
    "pickle",
    "cPickle",
    "_pickle",
    "marshal",
    "shelve",
    "dill",
    "cloudpickle",
    "joblib",
    "code",
    "codeop",
}
RUNS_TEXT_AS_CODE = {"eval", "exec", "compile"}

OF_JUPYTERLAB = {"jupyterlab", "jupyterlab_server", "jupyter_server", "notebook", "nbclassic"}

DOES_IO = {
    "asyncio",
    "ctypes",
    "fcntl",
    "glob",
    "http",
    "io",
    "logging",
    "mmap",
    "os",
    "random",
    "requests",
    "secrets",
    "select",
    "selectors",
    "shutil",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "urllib",
}
IO_FUNCTIONS = {"open", "print", "input", "breakpoint"}
PURE_PATHS = {"pathlib.PurePath", "pathlib.PurePosixPath", "pathlib.PureWindowsPath"}

MARKUP = re.compile(
    r"\.(inner|outer)HTML\b|\.insertAdjacentHTML\b|\bdangerouslySetInnerHTML\b|\bdocument\.write(ln)?\("
    r"|\bcreateContextualFragment\b|\bsrcdoc\b|(?<![\w.])eval\(|\bnew Function\("
)

# Written so that this file does not break its own rule.
HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("deb", "debian", "org"),
        ("crates", "io"),
    )
)
MACHINE_PATHS = re.compile(r"(?<![\w.-])/(work|farm|tmp[/]w)/")
# Not a home folder as such: attacks and documentation name invented ones.
THIS_MACHINE = {sys.prefix, sys.base_prefix} - {"/usr", "/usr/local"}


def area(parts: tuple[str, ...]) -> str:
    """Return the area that a dotted name below the package belongs to."""
    return parts[0] if parts else ""


def layer(name: str) -> int | None:
    """Return the height of an area, or None for one that nobody placed."""
    return next((height for height, names in enumerate(LAYERS) if name in names), None)


def upward_imports(root: Path) -> Iterator[str]:
    """Find imports that go up, or to a neighbour; and areas that have no place yet."""
    placed = set().union(*LAYERS)
    for module in modules(root):
        own = area(module.parts)
        if layer(own) is None:
            yield f"{module.where}: give '{own}' a place in LAYERS"
            continue
        for imported in imports(module):
            head, *rest = imported.name.split(".")
            if head != PACKAGE:
                continue
            target = rest[0] if rest and (rest[0] in placed or (root / PACKAGE / rest[0]).is_dir()) else ""
            if target == own or rest == ["__version__"]:
                continue
            if not may_import(own, target):
                yield f"{module.at(imported.node)}: {own or PACKAGE} imports {target or PACKAGE}"


def may_import(own: str, target: str) -> bool:
    """Tell whether one area may import another."""
    above, below = layer(own), layer(target)
    if above is None or below is None:
        return False
    return below < above or (own in ONE_RUN and target in ONE_RUN)


def process_starts(root: Path) -> Iterator[str]:
    """Find all that can start a process outside the one module that may (attacks P07, P09)."""
    for module in modules(root):
        if module.where == SPAWN:
            continue
        for imported in imports(module):
            if starts_a_process(imported.name):
                yield f"{module.at(imported.node)}: imports {imported.name}"
        # Popen may be named as a type; to use it in any other way is to start a process, now or under another name.
        annotations = set(annotation_nodes(module.tree))
        for node in ast.walk(module.tree):
            if node in annotations or not isinstance(node, ast.Attribute | ast.Name):
                continue
            name, _, last = dotted(node).rpartition(".")
            of_subprocess = name == "subprocess" and last in STARTERS_OF_SUBPROCESS
            if of_subprocess or last == "Popen" or (name and STARTS_A_PROCESS.fullmatch(last)):
                yield f"{module.at(node)}: uses {dotted(node)}"


def starts_a_process(imported: str) -> bool:
    """Tell whether a name can start a process by itself; ``Popen``, which is also a type, is judged by its use."""
    head, _, last = imported.rpartition(".")
    if head == "subprocess":
        return last in STARTERS_OF_SUBPROCESS - {"Popen"}
    if head in {"os", "posix", "asyncio", "concurrent.futures"}:
        return bool(STARTS_A_PROCESS.fullmatch(last))
    return imported.split(".")[0] in MODULES_THAT_START


def annotation_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield every node inside an annotation, where a type such as ``Popen[bytes]`` may be named."""
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            annotation = getattr(node, name, None)
            if isinstance(annotation, ast.AST):
                yield from ast.walk(annotation)


def code_from_data(root: Path) -> Iterator[str]:
    """Find what turns data into code: a worker or a saved file must not be able to say what runs."""
    for module in modules(root):
        for imported in imports(module):
            if imported.name.split(".")[0] in RUNS_DATA_AS_CODE:
                yield f"{module.at(imported.node)}: imports {imported.name}"
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Name) and node.func.id in RUNS_TEXT_AS_CODE:
                yield f"{module.at(node)}: calls {node.func.id}"
            for keyword in node.keywords:
                if keyword.arg == "shell" and not (
                    isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                ):
                    yield f"{module.at(node)}: asks for a shell"


def jupyterlab_imports(root: Path) -> Iterator[str]:
    """Find imports of JupyterLab and its server: the package must work in any front end."""
    for module in modules(root):
        for imported in imports(module):
            if imported.name.split(".")[0] in OF_JUPYTERLAB:
                yield f"{module.at(imported.node)}: imports {imported.name}"


def io_in_capabilities(root: Path) -> Iterator[str]:
    """Find input and output where decisions are made: they must depend on nothing but what is handed in."""
    for module in modules(root, "capabilities"):
        for imported in imports(module):
            if imported.name.startswith("pathlib") and imported.name not in PURE_PATHS:
                yield f"{module.at(imported.node)}: imports {imported.name}"
            if imported.name.split(".")[0] in DOES_IO:
                yield f"{module.at(imported.node)}: imports {imported.name}"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and called(node) in IO_FUNCTIONS:
                yield f"{module.at(node)}: calls {called(node)}"


def missing_docstrings(root: Path) -> Iterator[str]:
    """Find modules that do not say why they exist."""
    for module in modules(root):
        if not ast.get_docstring(module.tree):
            yield f"{module.where}: has no docstring"


def long_modules(root: Path) -> Iterator[str]:
    """Find modules of the product that are longer than a person reads at once."""
    for path in files(root):
        where = path.relative_to(root).as_posix()
        ours = where.startswith((f"{PACKAGE}/", "labextension/src/", "tools/", "benchmarks/", "hatch_"))
        if ours and path.suffix in {".py", ".ts", ".js", ".mjs"}:
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > MOST_LINES:
                yield f"{where}: {lines} lines"


def markup_from_text(root: Path) -> Iterator[str]:
    """Find places in scripts where text could become markup or code (attack U04)."""
    for path in files(root):
        if path.suffix in {".ts", ".js", ".mjs", ".tsx", ".jsx", ".html"}:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                found = MARKUP.search(line)
                if found:
                    yield f"{path.relative_to(root).as_posix()}:{number}: {found[0]}"


def places_of_one_machine(root: Path) -> Iterator[str]:
    """Find paths of one machine and hosts of package registries."""
    for path in files(root):
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a picture
        for number, line in enumerate(lines, 1):
            found = MACHINE_PATHS.search(line)
            literal = next((text for text in (*HOSTS, *THIS_MACHINE, str(root)) if text in line), None)
            if found or literal:
                yield f"{path.relative_to(root).as_posix()}:{number}: {literal or found[0]}"
