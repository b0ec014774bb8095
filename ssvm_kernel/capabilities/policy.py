"""Who decides one request: the grants, a built-in rule, or (when neither does) the person.

The precedence, in one sentence: the most restrictive rule that matches wins, deny over ask over allow, however general
or specific the rules are.
"""

from __future__ import annotations

from dataclasses import dataclass

from ssvm_kernel.capabilities.model import (
    ArgvRule,
    CommandGrant,
    CommandRequest,
    Decision,
    EnvGrant,
    FolderGrant,
    Scope,
)

__all__ = ["Grants", "Policy", "grant_for"]


@dataclass(frozen=True)
class Grants:
    """An immutable set of grants that are in force."""

    commands: tuple[CommandGrant, ...] = ()
    folders: tuple[FolderGrant, ...] = ()
    env: tuple[EnvGrant, ...] = ()


@dataclass(frozen=True)
class Policy:
    """The rules that hold whatever was granted."""

    def decide(self, request: CommandRequest, grants: Grants) -> Decision | None:
        """Return the decision, or None when nobody decided and the person is to be asked."""
        raise NotImplementedError  # being written

    def why_ask(self, request: CommandRequest, grants: Grants) -> str:
        """Return why the person is asked although there are grants (a changed program, a new variable ...), or ''."""
        raise NotImplementedError


def grant_for(request: CommandRequest, rule: ArgvRule | None, scope: Scope, *, created: float = 0.0) -> CommandGrant:
    """Return the standing grant that a person's allow of `request` means (rule None: exactly these arguments)."""
    raise NotImplementedError
