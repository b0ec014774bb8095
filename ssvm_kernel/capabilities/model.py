"""What can be asked for, what can be granted, and what was approved: frozen data without input or output.

Text that a guest made (program names, arguments, environment) is kept as ``bytes`` all the way, so that what is
checked, shown, logged and spawned is the same thing byte for byte (attacks P04 and P14 of the threat model).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeAlias

import msgspec

from ssvm_kernel.capabilities.scopes import Access, Effect, Origin, Scope

__all__ = [
    "Access",
    "AnyArguments",
    "ArgvRule",
    "Asker",
    "Command",
    "CommandGrant",
    "CommandRequest",
    "Decision",
    "DisplayGrant",
    "Effect",
    "EnvGrant",
    "ExactArguments",
    "FileIdentity",
    "FolderGrant",
    "Grants",
    "Limits",
    "ModelGrant",
    "NetworkGrant",
    "Origin",
    "PrefixArguments",
    "Program",
    "Scope",
]


@dataclass(frozen=True)
class Asker:
    """Who asks.

    Parameters
    ----------
    name : str
        The guest's name as the person knows it.
    module_sha256 : str
        Hash of the module's bytes, 64 lower-case hexadecimal digits.
    cell : str
        The cell that runs it, e.g. ``"In [3]"``; empty outside a notebook.
    """

    name: str
    module_sha256: str
    cell: str = ""


@dataclass(frozen=True)
class FileIdentity:
    """What must still be the same for a path to be the file that was granted (attack P27)."""

    device: int
    inode: int
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Program:
    """A host program, resolved to one real file.

    Parameters
    ----------
    path : str
        Absolute path with all links resolved; this path is executed, never a name.
    identity : FileIdentity
        The file as it was when resolved.
    sha256 : str
        Hash of the file's bytes, or empty where it was not needed (only ``Scope.ALWAYS`` needs it).
    via : tuple of str
        Every link and folder that the search went through, each at its own real place: whoever may write one of them
        decides what the name means (attack P02). Not part of what makes two programs the same.
    """

    path: str
    identity: FileIdentity
    sha256: str = ""
    via: tuple[str, ...] = field(default=(), compare=False, repr=False)


class Limits(msgspec.Struct, frozen=True):
    """Host limits of one command; a guest can only ask for less.

    Parameters
    ----------
    timeout_ms : int
        Milliseconds until the command's process group is killed; the smaller of the guest's wish and the host's.
    output_bytes : int
        Bytes of stdout, and as many of stderr, that are kept for the guest; what comes after is read and dropped.
    """

    timeout_ms: int = 10_000
    output_bytes: int = 256 * 1024 * 1024


class Command(msgspec.Struct, frozen=True):
    """One exact command: what a person is shown is what runs.

    Parameters
    ----------
    program : Program
        The real file.
    argv : tuple of bytes
        All arguments; ``argv[0]`` is the name as the guest gave it.
    env : tuple of (bytes, bytes)
        The whole environment of the command, sorted by name; nothing is inherited.
    cwd : str
        Absolute working folder: a granted folder, or an empty folder made for this run.
    stdin : bytes
        All that the command can read.
    limits : Limits
        Time and output.
    """

    program: Program
    argv: tuple[bytes, ...]
    env: tuple[tuple[bytes, bytes], ...] = ()
    cwd: str = "/"
    stdin: bytes = b""
    limits: Limits = Limits()

    @property
    def name(self) -> bytes:
        """The program's name as the guest gave it (``argv[0]``)."""
        return self.argv[0]

    @property
    def env_names(self) -> tuple[bytes, ...]:
        """Names of the environment variables, sorted."""
        return tuple(name for name, _ in self.env)


class CommandRequest(msgspec.Struct, frozen=True):
    """A guest asks to run one command, now.

    Parameters
    ----------
    id : str
        Unguessable and unique; an answer must name it.
    asker : Asker
        Who asks.
    command : Command
        Exactly what is asked for.
    """

    id: str
    asker: Asker
    command: Command


@dataclass(frozen=True)
class ExactArguments:
    """These arguments and no others (``argv[1:]``, compared item by item)."""

    items: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class PrefixArguments:
    """These first arguments as whole items, then anything."""

    items: tuple[bytes, ...]


@dataclass(frozen=True)
class AnyArguments:
    """Any arguments: the program can then do all that the person can."""


ArgvRule: TypeAlias = ExactArguments | PrefixArguments | AnyArguments


@dataclass(frozen=True)
class CommandGrant:
    """A rule about one program, or about all programs.

    Parameters
    ----------
    effect : Effect
        Allow, ask or deny.
    name : bytes
        The name that was granted, e.g. ``b"git"``; compared by its last path part with the request's, because one
        binary may be several programs (busybox: ``ls`` must not allow ``sh``).
    program : Program or None
        The file the name meant when the grant was given; None means every program (``--allow-command-all``).
    rule : ArgvRule
        Which arguments.
    env_names : frozenset of bytes
        Environment names that the guest may set for this program.
    scope : Scope
        How long it holds.
    origin : Origin
        Where it came from.
    module_sha256 : str
        The module it is for; empty for any (a grant on a magic's line is for the cell's own guest).
    created : float
        Seconds since the epoch, for the table of grants.
    id : str
        Name of this grant in tables and for revoking.
    """

    effect: Effect
    name: bytes
    program: Program | None
    rule: ArgvRule
    env_names: frozenset[bytes] = frozenset()
    scope: Scope = Scope.RUN
    origin: Origin = Origin.OPTION
    module_sha256: str = ""
    created: float = 0.0
    id: str = ""


@dataclass(frozen=True)
class FolderGrant:
    """A folder of the host that a guest sees.

    Parameters
    ----------
    host : str
        Absolute real path.
    guest : str
        The path under which the guest sees it.
    access : Access
        Read, or read and write.
    scope, origin, module_sha256, created, id
        As of a `CommandGrant`.
    """

    host: str
    guest: str
    access: Access = Access.READ
    scope: Scope = Scope.RUN
    origin: Origin = Origin.OPTION
    module_sha256: str = ""
    created: float = 0.0
    id: str = ""


@dataclass(frozen=True)
class EnvGrant:
    """An environment variable that a guest sees; ``value`` never appears in a ``repr``, a log or a prompt."""

    name: str
    value: str = field(repr=False)
    scope: Scope = Scope.RUN
    origin: Origin = Origin.OPTION
    module_sha256: str = ""
    created: float = 0.0
    id: str = ""


@dataclass(frozen=True)
class DisplayGrant:
    """The guest may show pictures, tables and documents in its cell, not only text."""

    scope: Scope = Scope.RUN
    origin: Origin = Origin.OPTION
    module_sha256: str = ""
    created: float = 0.0
    id: str = ""


@dataclass(frozen=True)
class ModelGrant:
    """The guest may have models computed and pictures decoded, by libraries that are loaded into its own process."""

    scope: Scope = Scope.RUN
    origin: Origin = Origin.OPTION
    module_sha256: str = ""
    created: float = 0.0
    id: str = ""


@dataclass(frozen=True)
class NetworkGrant:
    """A rule about connections to one host.

    Parameters
    ----------
    effect : Effect
        Allow or deny.
    host : str
        A name or an address, as `ssvm_kernel.capabilities.network.host_of` writes it.
    port : int
        1 to 65535; 0 for every port.
    scope, origin, module_sha256, created, id
        As of a `CommandGrant`.
    """

    effect: Effect
    host: str
    port: int
    scope: Scope = Scope.RUN
    origin: Origin = Origin.OPTION
    module_sha256: str = ""
    created: float = 0.0
    id: str = ""


@dataclass(frozen=True)
class Grants:
    """An immutable set of grants that are in force.

    Parameters
    ----------
    commands : tuple of CommandGrant
        Programs that the guest may have run; their order means nothing.
    folders : tuple of FolderGrant
        Folders that the guest sees.
    env : tuple of EnvGrant
        Environment variables that the guest sees.
    display : tuple of DisplayGrant
        Whether it may show more than text: one is enough.
    models : tuple of ModelGrant
        Whether it may have models computed: one is enough.
    network : tuple of NetworkGrant
        Connections that it may have opened; their order means nothing.
    """

    commands: tuple[CommandGrant, ...] = ()
    folders: tuple[FolderGrant, ...] = ()
    env: tuple[EnvGrant, ...] = ()
    display: tuple[DisplayGrant, ...] = ()
    models: tuple[ModelGrant, ...] = ()
    network: tuple[NetworkGrant, ...] = ()

    @property
    def every(self) -> tuple[CommandGrant | FolderGrant | EnvGrant | DisplayGrant | ModelGrant | NetworkGrant, ...]:
        """All of them."""
        return (*self.commands, *self.folders, *self.env, *self.display, *self.models, *self.network)

    def for_module(self, sha256: str) -> Grants:
        """Return this set without the folders and variables that were given to other guests.

        Commands and connections stay: whether one is for this guest is decided with each request, which also tells the
        person when a grant was for another version of it.
        """
        if not self.folders and not self.env:
            return self
        mine = ("", sha256)
        folders = tuple(folder for folder in self.folders if folder.module_sha256 in mine)
        return replace(self, folders=folders, env=tuple(each for each in self.env if each.module_sha256 in mine))


class Decision(msgspec.Struct, frozen=True):
    """The answer to one request.

    Parameters
    ----------
    request_id : str
        The request that it answers; it is worth nothing for another one.
    effect : Effect
        ``ALLOW`` or ``DENY``.
    origin : Origin
        Who or what decided.
    scope : Scope
        How long it holds.
    reason : str
        One sentence for the person: which grant allowed it, or why it was denied.
    grant : CommandGrant, NetworkGrant or None
        The grant that decided, or that the person gave with this answer.
    """

    request_id: str
    effect: Effect
    origin: Origin
    scope: Scope = Scope.ONCE
    reason: str = ""
    grant: CommandGrant | NetworkGrant | None = None
