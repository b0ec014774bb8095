"""The folders of this computer that a guest must not reach, or not write: data for the policy on folder grants."""

# A path is compared, shown and run as the very text it is, which Path would rewrite.
# ruff: noqa: PTH109, PTH111, PTH112, PTH117, PTH118, PTH119

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from ssvm_kernel.capabilities.dangers import SpecialFolder

__all__ = ["special_folders"]

_APP = "ssvm-kernel"
# Kinds of file system that show or steer the kernel and its devices; memory and disk file systems are not among them.
_KERNEL_FILE_SYSTEMS = re.compile(
    "binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|fusectl|mqueue|nsfs|proc|pstore|securityfs|"
    "selinuxfs|sysfs|tracefs"
)

_KEYS = (
    (".ssh", ""),
    (".gnupg", "GNUPGHOME"),
    (".password-store", "PASSWORD_STORE_DIR"),
    (".local/share/keyrings", ""),
    (".pki", ""),
    ("Library/Keychains", ""),
    (".aws", ""),
    (".azure", "AZURE_CONFIG_DIR"),
    (".config/gcloud", "CLOUDSDK_CONFIG"),
    (".kube", ""),
    (".docker", "DOCKER_CONFIG"),
    (".config/gh", "GH_CONFIG_DIR"),
)
"""Where in the home programs keep a person's keys, and the variable of the environment that says another place."""


def special_folders() -> tuple[SpecialFolder, ...]:
    """Return the special folders of this process, as it is now.

    Returns
    -------
    tuple of SpecialFolder
        Real paths, each once, the most important first.
    """
    found: dict[str, SpecialFolder] = {}
    own = (*_of_the_system(), *_of_jupyter(), *_of_this_package(), *_of_keys())
    for folder in (*own, *_of_programs(), *_of_python()):
        if os.path.isabs(folder.path):
            real = os.path.realpath(folder.path)
            for path in dict.fromkeys((real, os.path.normpath(folder.path))):
                found.setdefault(path, SpecialFolder(path, folder.what, folder.readable, folder.inside, folder.warn))
    return tuple(found.values())


def _of_the_system() -> Iterator[SpecialFolder]:
    """Yield the kernel's own file systems, wherever they are mounted (W11, U08)."""
    yield SpecialFolder("/proc", "where the kernel shows every process")
    yield SpecialFolder("/sys", "where the kernel shows the system")
    yield SpecialFolder("/dev", "where the devices are")
    try:
        mounts = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:  # not Linux, or not mounted
        return
    for line in mounts:
        fields, _, rest = line.partition(" - ")
        if _KERNEL_FILE_SYSTEMS.fullmatch(rest.partition(" ")[0]):
            place = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields.split(" ")[4])
            yield SpecialFolder(place, "a file system of the kernel")


def _of_jupyter() -> Iterator[SpecialFolder]:
    """Yield where Jupyter keeps keys, kernels and start-up code: whoever has those has the whole session."""
    from jupyter_core import paths  # ipykernel has imported it already

    yield SpecialFolder(paths.jupyter_runtime_dir(), "where Jupyter keeps the keys of running kernels")
    yield SpecialFolder(paths.jupyter_config_dir(), "your configuration of Jupyter")
    yield SpecialFolder(paths.jupyter_data_dir(), "where Jupyter keeps your kernels and extensions")
    ipython = os.environ.get("IPYTHONDIR") or "~/.ipython"
    yield SpecialFolder(str(Path(ipython).expanduser()), "where IPython keeps its start-up files and history")
    yield from _connection()
    for path in (*paths.jupyter_config_path(), *paths.jupyter_path()):
        yield SpecialFolder(path, "what Jupyter reads its configuration and kernels from", readable=True)


def _is_kernel() -> bool:
    """Tell whether this process is a kernel, whose Python's cells import from its folder, now or later."""
    kernelapp = sys.modules.get("ipykernel.kernelapp")
    return kernelapp is not None and bool(kernelapp.IPKernelApp.initialized())


def _connection() -> Iterator[SpecialFolder]:
    """Yield the folder of this kernel's connection file, which holds the key to it, wherever the front end put it."""
    if _is_kernel():
        file = sys.modules["ipykernel.kernelapp"].IPKernelApp.instance().abs_connection_file
        if file and Path(file).is_file():
            yield SpecialFolder(str(Path(file).parent), "where the key of this kernel lies", inside=False)


def _of_this_package() -> Iterator[SpecialFolder]:
    import platformdirs

    yield SpecialFolder(platformdirs.user_config_dir(_APP), "your configuration of ssvm-kernel")
    yield SpecialFolder(platformdirs.user_data_dir(_APP), "where ssvm-kernel keeps your grants")
    yield SpecialFolder(platformdirs.user_state_dir(_APP), "where ssvm-kernel keeps your grants")
    yield SpecialFolder(platformdirs.user_cache_dir(_APP), "where ssvm-kernel keeps compiled guests")
    for variable in ("SSVM_CONFIG_DIR", "SSVM_CACHE_DIR"):  # where they are put by `config_folder` and `store`
        moved = os.environ.get(variable, "")
        if moved:
            yield SpecialFolder(str(Path(moved).expanduser().absolute()), "where ssvm-kernel keeps grants and code")
    yield SpecialFolder(str(Path(__file__).parents[1]), "the program of ssvm-kernel itself", readable=True)


def _of_keys() -> Iterator[SpecialFolder]:
    """Yield where the person's keys to other computers and services are; few people have most of these folders."""
    home = os.path.expanduser("~")
    for usual, variable in _KEYS:
        for path in (os.path.join(home, usual), os.environ.get(variable, "")):
            if os.path.lexists(path):
                yield SpecialFolder(path, "where your keys are")


def _of_programs() -> Iterator[SpecialFolder]:
    """Yield the folders of PATH: what a guest puts there would run under the name of any program (P01)."""
    for path in os.environ.get("PATH", os.defpath).split(os.pathsep):
        yield SpecialFolder(path, "one of the folders in PATH", readable=True, inside=False)


def _of_python() -> Iterator[SpecialFolder]:
    """Yield what the kernel imports from: a guest that writes there runs in the kernel at its next import."""
    for path in (*([""] if _is_kernel() else []), *sys.path):
        if not path:
            try:
                path = os.getcwd()  # noqa: PLW2901
            except OSError:  # it was deleted: nothing can be imported from it
                continue
        if _is_library(path, (sys.prefix, sys.base_prefix, sys.exec_prefix)):
            yield SpecialFolder(path, "where this kernel's Python packages are", readable=True)
        elif os.path.isdir(path):
            what = "a folder that this kernel imports Python modules from"
            yield SpecialFolder(path, what, readable=True, inside=False, warn=True)


def _is_library(path: str, prefixes: Iterable[str]) -> bool:
    if os.path.basename(path) in ("site-packages", "dist-packages"):
        return True
    return any(path.startswith(os.path.join(prefix, "lib")) for prefix in prefixes)
