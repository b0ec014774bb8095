"""A secret of this person, for recognising files that only they can have made."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import tempfile
from pathlib import Path
from typing import Final

from ssvm_kernel.errors import SsvmError

__all__ = ["config_folder", "user_key"]

_NAME: Final = "machine-code.key"
_BYTES: Final = 32


def config_folder() -> Path:
    """Return the person's configuration folder, there or not: ``SSVM_CONFIG_DIR``, or the system's place for it."""
    configured = os.environ.get("SSVM_CONFIG_DIR", "")
    if configured:
        return Path(configured).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_config_dir("ssvm-kernel", appauthor=False))


def user_key(folder: Path | None = None) -> bytes:
    """Return the person's key, which is made when there is none.

    Parameters
    ----------
    folder : Path or None
        Where it is; by default `config_folder`.

    Raises
    ------
    SsvmError
        When it cannot be kept, or somebody else could have read or written it.
    """
    path = (folder or config_folder()) / _NAME
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check(path.parent, stat.S_ISDIR, 0o022)
        if not path.exists():
            _make(path)
        _check(path, stat.S_ISREG, 0o077)
        key = path.read_bytes()
    except OSError as error:
        raise SsvmError(f"{path}: the key for machine code cannot be read or made ({error.strerror})") from None
    if len(key) != _BYTES:
        raise SsvmError(f"{path} is no key: it has {len(key)} bytes, not {_BYTES}. Remove it; then a new one is made")
    return key


def _make(path: Path) -> None:
    """Put a key there, whole and at once; one that another process puts there at the same time is taken instead."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{_NAME}-", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        Path(temporary).unlink()


def _check(path: Path, kind: object, forbidden: int) -> None:
    """Refuse what is not this person's alone."""
    found = path.lstat()
    assert callable(kind)
    if not kind(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & forbidden:
        mode = f"{stat.S_IMODE(found.st_mode):o}"
        raise SsvmError(f"{path} is not yours alone (mode {mode}), so machine code cannot be recognised by it")
