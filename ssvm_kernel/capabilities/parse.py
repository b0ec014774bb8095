"""Option text to grants, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ssvm_kernel.capabilities.model import CommandGrant, CommandRequest, EnvGrant, FolderGrant
from ssvm_kernel.capabilities.resolved import FolderResolver, ProgramResolver

__all__ = ["CommandEnv", "apply_command_env", "grant_line", "option", "parse_command", "parse_command_all",
           "parse_command_env", "parse_dir", "parse_env"]


@dataclass(frozen=True)
class CommandEnv:
    """An environment name that may be set for a program (an empty program: for every granted one)."""

    program: str
    name: bytes


def parse_command(text: str, resolve: ProgramResolver) -> CommandGrant:
    """``--allow-command TEXT``."""
    raise NotImplementedError  # being written


def parse_command_all() -> CommandGrant:
    """``--allow-command-all``."""
    raise NotImplementedError


def parse_dir(text: str, resolve: FolderResolver) -> FolderGrant:
    """``--dir TEXT``."""
    raise NotImplementedError


def parse_env(text: str, kernel_env: Mapping[str, str]) -> EnvGrant:
    """``--env TEXT``."""
    raise NotImplementedError


def parse_command_env(text: str) -> CommandEnv:
    """``--allow-command-env TEXT``."""
    raise NotImplementedError


def apply_command_env(
    grants: Iterable[CommandGrant], names: Iterable[CommandEnv], resolve: ProgramResolver
) -> tuple[CommandGrant, ...]:
    """Return `grants` with the environment names added to the programs that they are for."""
    raise NotImplementedError


def option(grant: CommandGrant | FolderGrant | EnvGrant) -> str:
    """Return the option text of a grant, e.g. ``--allow-command "git status"``; raises `UsageError` if unwritable."""
    raise NotImplementedError


def grant_line(request: CommandRequest) -> str:
    """Return the options that would grant exactly `request`, or a sentence saying that no option can."""
    raise NotImplementedError
