"""``%ssvm grants``: the table of what is in force, and the same as options (rules 16 and 18)."""

from __future__ import annotations

from traitlets import Bool, Unicode

from ssvm_kernel.capabilities.grants import GrantRow
from ssvm_kernel.capabilities.model import Scope
from ssvm_kernel.commands.base import Command, say
from ssvm_kernel.commands.revoke import revoke
from ssvm_kernel.display.table import Table
from ssvm_kernel.display.text import ago, counted
from ssvm_kernel.errors import UsageError
from ssvm_kernel.options import LineTraits, Parsed
from ssvm_kernel.session import Session

__all__ = ["COMMAND", "ORIGINS", "exported"]

ORIGINS = {"option": "an option", "person": "you, in a prompt", "file": "your file", "policy": "a built-in rule"}


class _Traits(LineTraits):
    revoke = Unicode("", help="Take a grant back, or all of this session.").tag(flag="--revoke", metavar="ID|all")
    forget = Unicode(
        "",
        help="Take a grant for always back, or all of them, for every kernel.",
    ).tag(flag="--forget", metavar="ID|all")
    export = Bool(False, help="Print the options that give the same grants.").tag(flag="--export")


def _run(session: Session, parsed: Parsed[_Traits], label: str) -> Table | None:
    del label
    options = parsed.options
    if options.revoke:
        say(revoke(session, options.revoke))
        return None
    if options.forget:
        say(_forget(session, options.forget))
        return None
    rows = session.grant_rows()
    if options.export:
        say(exported(rows))
        return None
    return Table(
        "grants in force" if rows else "no grants are in force: a guest has only what its cell's line grants",
        ("id", "what", "effect", "scope", "from", "for module", "age", "uses"),
        [_cells(row) for row in rows],
    )


def _cells(row: GrantRow) -> tuple[str, ...]:
    module = row.module_sha256[:12] or "any"
    origin = ORIGINS[row.origin.value]
    return row.id, row.what, row.effect, row.scope.value, origin, module, ago(row.age), str(row.uses)


def _forget(session: Session, grant_id: str) -> str:
    ids = [row.id for row in session.grant_rows() if row.scope is Scope.ALWAYS]
    if grant_id != "all":
        if grant_id not in ids:
            raise UsageError(f"there is no grant for always {grant_id!r} (there are: {', '.join(ids) or 'none'})")
        ids = [grant_id]
    return f"taken back: {counted(sum(session.revoke(each) for each in ids), 'grant')} for always"


def exported(rows: tuple[GrantRow, ...]) -> str:
    """Return the options, and a comment for what no option says."""
    allowed = dict.fromkeys(row.what for row in rows if row.effect not in ("deny", "ask") and row.what.startswith("--"))
    others = [f"# no option says: {row.effect} {row.what}" for row in rows if row.what not in allowed]
    return "\n".join([" ".join(allowed) or "# nothing is granted", *others])


COMMAND = Command(
    "%ssvm grants [--revoke ID|all] [--forget ID|all] [--export]",
    "Show what is granted in this session and for always.",
    _Traits,
    (0, 0),
    _run,
)
