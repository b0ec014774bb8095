"""Whether one grant speaks about one request."""

from __future__ import annotations

from ssvm_kernel.capabilities.model import (
    AnyArguments,
    ArgvRule,
    CommandGrant,
    CommandRequest,
    Effect,
    ExactArguments,
    Program,
)
from ssvm_kernel.capabilities.text import last_part

__all__ = ["changed", "for_program", "matches", "rule_covers", "same_file", "same_program"]


def rule_covers(rule: ArgvRule, arguments: tuple[bytes, ...]) -> bool:
    """Tell whether `rule` covers ``argv[1:]``, compared item by item and never as text (P08, P10)."""
    if isinstance(rule, AnyArguments):
        return True
    if isinstance(rule, ExactArguments):
        return arguments == rule.items
    return arguments[: len(rule.items)] == rule.items


def same_program(granted: Program, asked: Program) -> bool:
    """Tell whether `asked` is the very file that was granted (P01, P27).

    A grant that carries a hash is bound to the bytes; one without is bound to the file as it was.
    """
    if granted.path != asked.path:
        return False
    return granted.sha256 == asked.sha256 if granted.sha256 else granted.identity == asked.identity


def same_file(one: Program, other: Program) -> bool:
    """Tell whether two programs are one file, be it by path or by another name of the same inode (P12)."""
    same_inode = (one.identity.device, one.identity.inode) == (other.identity.device, other.identity.inode)
    return one.path == other.path or same_inode


def for_program(grant: CommandGrant, request: CommandRequest) -> bool:
    """Tell whether `grant` is about the request's guest and program, whatever the arguments.

    An allow must be certain: same file, same content, and the same name, since one file may be many programs (busybox
    as ``ls`` must not allow busybox as ``sh``; P39).  A rule that restricts is taken widely: any way to the same file.
    """
    if grant.module_sha256 not in ("", request.asker.module_sha256):
        return False
    if grant.program is None:
        return True
    asked = request.command.program
    if grant.effect is not Effect.ALLOW:
        return same_file(grant.program, asked)
    return same_program(grant.program, asked) and last_part(grant.name) == last_part(request.command.name)


def matches(grant: CommandGrant, request: CommandRequest) -> bool:
    """Tell whether `grant` decides `request`, its environment left aside."""
    return for_program(grant, request) and rule_covers(grant.rule, request.command.argv[1:])


def changed(grant: CommandGrant, request: CommandRequest) -> bool:
    """Tell whether `grant` would allow `request`, had the program not changed since (P27)."""
    if grant.effect is not Effect.ALLOW or grant.program is None or grant.program.path != request.command.program.path:
        return False
    if grant.module_sha256 not in ("", request.asker.module_sha256):
        return False
    if last_part(grant.name) != last_part(request.command.name):
        return False
    return not same_program(grant.program, request.command.program)
