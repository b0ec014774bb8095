"""Requests, grants and resolvers for tests, and the text strategies that look for trouble."""

from __future__ import annotations

import zlib

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from ssvm_kernel.capabilities.model import (
    Access,
    AnyArguments,
    Asker,
    Command,
    CommandGrant,
    CommandRequest,
    Effect,
    FileIdentity,
    FolderGrant,
    Program,
)
from ssvm_kernel.capabilities.resolved import Resolved, Trouble

quick = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])

MODULE = "ab" * 32
GUEST = Asker("clock", MODULE, "In [3]")


def program(path="/usr/bin/git", **changes):
    identity = FileIdentity(1, zlib.crc32(path.encode("utf-8", "surrogateescape")), 3, 4)
    return Program(path, changes.pop("identity", identity), **changes)


def command(*argv, env=(), path="", **changes):
    items = tuple(item.encode() if isinstance(item, str) else item for item in argv)
    pairs = tuple(sorted((name.encode(), value.encode()) for name, value in dict(env).items()))
    name = items[0].rpartition(b"/")[2].decode("utf-8", "replace") if items else "none"
    return Command(changes.pop("program", None) or program(path or f"/usr/bin/{name}"), items, pairs, **changes)


def request(*argv, asker=GUEST, **changes):
    return CommandRequest("request-1", asker, command(*argv, **changes))


def grant(name="git", rule=AnyArguments(), effect=Effect.ALLOW, path="", **changes):  # noqa: B008 - frozen
    found = changes.pop("program", None) or program(path or f"/usr/bin/{name}")
    return CommandGrant(effect, name.encode(), found, rule, **changes)


def blanket(effect=Effect.ALLOW, **changes):
    return CommandGrant(effect, b"", None, AnyArguments(), **changes)


def folder(host, access=Access.READ_WRITE, guest="", **changes):
    return FolderGrant(host=host, guest=guest or host, access=access, **changes)


def resolve(name):
    """Find every name in /usr/bin, and an absolute path where it is."""
    if not name or b"\0" in name:
        return Resolved(name, trouble=Trouble.INVALID)
    path = name.decode("utf-8", "surrogateescape")
    return Resolved(name, program(path if path.startswith("/") else f"/usr/bin/{path}"))


def resolve_nothing(name):
    return Resolved(name, trouble=Trouble.NOT_FOUND, detail="no folder in PATH has it")


def resolve_folder(path):
    return path if path.startswith("/") else f"/home/me/{path}"


_CHARACTERS = (
    "\\ \x00\x01\n\t\r\x1b\x7f\x80\x9b\xa0\xad'\"$`;&|=:*?#~-1\xe9\u2026\u202e\u2066\u200b\u2028\u2029\ufeff\u034f"
    "\u3164\ufe0f\U000e0041\U000e0100\ud800\udcff\u0301\u0430\uff41\u212b\u05d0\u0661\u65e5\U0001f600"
)
TROUBLE = st.sampled_from(
    [*_CHARACTERS, "...", "u202e", "e\u0301", "\\x1b", "\\u202e", "\\U000e0041", "\\\\", "\\\u2026"]
)
"""Pieces that hide, move, imitate or escape."""

_pieces = st.lists(st.one_of(TROUBLE, st.text(max_size=3)), max_size=12)
nasty_text = st.one_of(st.text(max_size=20), _pieces.map("".join))
nasty_bytes = st.one_of(st.binary(max_size=20), nasty_text.map(lambda text: text.encode("utf-8", "surrogatepass")))
