"""Who decides one request: the grants, a built-in rule, or (when neither does) the person.

The precedence, in one sentence: the most restrictive rule that matches wins, deny over ask over allow, however general
or specific the rules are (rule 11, U27).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ssvm_kernel.capabilities.ceiling import Ceiling
from ssvm_kernel.capabilities.dangers import held_by
from ssvm_kernel.capabilities.environ import NameClass, classify, malformed_env
from ssvm_kernel.capabilities.matching import changed, for_program, matches
from ssvm_kernel.capabilities.model import (
    ArgvRule,
    CommandGrant,
    CommandRequest,
    Decision,
    Effect,
    ExactArguments,
    Grants,
    Origin,
    Scope,
)
from ssvm_kernel.capabilities.text import SHOWN_LIMIT, too_long, visible
from ssvm_kernel.capabilities.wording import grant_line, remedy, source_of

__all__ = ["MAX_ITEMS", "Policy", "deny_grant_for", "grant_for", "malformed", "strictest", "unshowable"]

MAX_ITEMS = 200
"""Arguments, and environment names, that a person can be asked to read: items without text take room as well (U04)."""

_PRECEDENCE = (Effect.DENY, Effect.ASK, Effect.ALLOW)


def strictest(effects: set[Effect]) -> Effect | None:
    """Return the effect that wins, or None when no rule matches."""
    return next((effect for effect in _PRECEDENCE if effect in effects), None)


def malformed(request: CommandRequest) -> str:
    """Return why `request` cannot be run as it was checked, or an empty string."""
    command = request.command
    if not command.argv or not command.argv[0]:
        return "no program was named"
    if any(b"\0" in item for item in command.argv):
        return "an argument holds a NUL byte, where the command would see its end"  # P15
    return malformed_env(command.env)


def unshowable(request: CommandRequest) -> str:
    """Return why `request` cannot be shown to a person in full, or an empty string (rule 14, U04)."""
    command, asker = request.command, request.asker
    if len(command.argv) - 1 > MAX_ITEMS:
        return f"it has {len(command.argv) - 1:,} arguments, more than the {MAX_ITEMS} that can be shown"
    if len(command.env) > MAX_ITEMS:
        return f"it sets {len(command.env):,} variables, more than the {MAX_ITEMS} that can be shown"
    long = too_long(*command.argv, *command.env_names, command.program.path, command.cwd, asker.name, asker.cell)
    return f"it is longer than the {SHOWN_LIMIT:,} characters that can be shown" if long else ""


@dataclass(frozen=True)
class Policy:
    """Decides requests by grants and by the rules that hold whatever was granted.

    In this order: a request that is not well formed is denied; so is one above the ceiling; so is one that a rule
    denies; so is one that sets a variable nobody may set for this program; so is a program that the guest itself could
    have written; then an *ask* rule leaves it to the person; then a matching allow allows it if the environment is
    granted too; else the person is asked.  A request too long to be shown in full is denied where the person would have
    had to be asked.

    Parameters
    ----------
    ceiling : Ceiling or None
        What an administrator leaves to be granted.
    """

    ceiling: Ceiling | None = None

    def decide(self, request: CommandRequest, grants: Grants) -> Decision | None:
        """Return the decision, or None when nobody decided and the person is to be asked.

        Parameters
        ----------
        request : CommandRequest
            What is asked.
        grants : Grants
            All grants in force, of the run and of the session.

        Returns
        -------
        Decision or None
            Its ``reason`` says in one sentence what decided and, for a denial, what would grant it.
        """
        refusal = malformed(request) or self._above(request)
        if refusal:
            return _deny(request, refusal)
        rules = [grant for grant in grants.commands if matches(grant, request)]
        effect = strictest({grant.effect for grant in rules})
        if effect is Effect.DENY:
            rule = next(grant for grant in rules if grant.effect is Effect.DENY)
            return Decision(request.id, Effect.DENY, rule.origin, rule.scope, f"denied {source_of(rule)}", rule)
        refusal = _forbidden_variable(request, grants) or _own_program(request, grants, rules)
        if refusal:
            return _deny(request, refusal)
        if effect is Effect.ALLOW:
            for rule in rules:
                if not _ungranted(request, grants, rule):
                    reason = f"allowed {source_of(rule)}"
                    return Decision(request.id, Effect.ALLOW, rule.origin, rule.scope, reason, rule)
        refusal = unshowable(request)
        if refusal:
            return _deny(request, f"{refusal}, so nobody was asked; {remedy(self.grant_line(request, grants))}")
        return None

    def _above(self, request: CommandRequest) -> str:
        return self.ceiling.forbids_program(request.command.program) if self.ceiling is not None else ""

    def why_ask(self, request: CommandRequest, grants: Grants) -> str:
        """Return why the person is asked although something was granted, in one sentence, or an empty string."""
        name = visible(request.command.name, 100)
        if any(changed(grant, request) for grant in grants.commands):
            return f"{name} is not the same file any more that was granted"  # P27
        rules = [grant for grant in grants.commands if matches(grant, request)]
        if strictest({rule.effect for rule in rules}) is Effect.ALLOW:
            names = [visible(each, 100) for each in _ungranted(request, grants, rules[0])]
            return f"it sets {', '.join(names)}, which was not granted for {name}"
        allows = [grant for grant in grants.commands if grant.effect is Effect.ALLOW]
        if any(for_program(grant, request) for grant in allows):
            return f"{name} was granted with other arguments"
        if any(matches(replace(grant, module_sha256=""), request) for grant in allows):
            return f"{name} was granted to another guest, or to this one before it changed"
        return ""

    def grant_line(self, request: CommandRequest, grants: Grants) -> str:
        """Return the options that would make `decide` allow exactly `request`, or a sentence saying that none can.

        Names that are granted already are not repeated.  Empty where the reason of the denial says why no option can: a
        ceiling forbids it, or the guest can write the program.
        """
        rules = [grant for grant in grants.commands if matches(grant, request)]
        if self._above(request) or _own_program(request, grants, rules):
            return ""
        return _missing_line(request, grants)


def grant_for(request: CommandRequest, rule: ArgvRule | None, scope: Scope, *, created: float = 0.0) -> CommandGrant:
    """Return the standing grant that a person's allow of `request` means.

    Parameters
    ----------
    request : CommandRequest
        What was shown.
    rule : ArgvRule or None
        Which arguments it covers; None for exactly these.
    scope : Scope
        For how long. A grant that is not for always is about the guest's module too.
    created : float
        Seconds since the epoch.

    Returns
    -------
    CommandGrant
        With the ordinary environment names of this request, which the person saw; others were granted before by name or
        the request would not have been shown.
    """
    return _answer(request, Effect.ALLOW, rule, scope, created)


def deny_grant_for(
    request: CommandRequest, rule: ArgvRule | None, scope: Scope, *, created: float = 0.0
) -> CommandGrant:
    """Return the standing denial that a person's lasting deny of `request` means; a denial has the same scopes."""
    return _answer(request, Effect.DENY, rule, scope, created)


def _answer(
    request: CommandRequest, effect: Effect, rule: ArgvRule | None, scope: Scope, created: float
) -> CommandGrant:
    command = request.command
    ordinary = frozenset(name for name in command.env_names if classify(name) is NameClass.ORDINARY)
    return CommandGrant(
        effect=effect,
        name=command.name,
        program=command.program,
        rule=ExactArguments(command.argv[1:]) if rule is None else rule,
        env_names=ordinary if effect is Effect.ALLOW else frozenset(),
        scope=scope,
        origin=Origin.PERSON,
        module_sha256=request.asker.module_sha256,
        created=created,
    )


def _deny(request: CommandRequest, reason: str) -> Decision:
    return Decision(request.id, Effect.DENY, Origin.POLICY, reason=reason)


def _granted_names(request: CommandRequest, grants: Grants) -> frozenset[bytes]:
    """Return the names granted for this program by name."""
    names = (
        grant.env_names for grant in grants.commands if grant.effect is not Effect.DENY and for_program(grant, request)
    )
    return frozenset().union(*names)


def _guest_names(request: CommandRequest, grants: Grants) -> frozenset[bytes]:
    """Return the ordinary names that the guest was given itself and may hand on (``Command::new`` copies them)."""
    names = (
        grant.name.encode("utf-8", "surrogateescape")
        for grant in grants.env
        if grant.module_sha256 in ("", request.asker.module_sha256)
    )
    return frozenset(name for name in names if classify(name) is NameClass.ORDINARY)


def _forbidden_variable(request: CommandRequest, grants: Grants) -> str:
    """Return why a variable of the request may not be set, or an empty string (P03, P06)."""
    granted = _granted_names(request, grants)
    for name in request.command.env_names:
        kind = classify(name)
        shown = visible(name, 100)
        if kind is NameClass.LOADER:
            return f"{shown} makes any program load code or write files, so no guest may ever set it"
        if kind is NameClass.INTERPRETER and name not in granted:
            line = _missing_line(request, grants)
            return f"{shown} can make {visible(request.command.name, 100)} run other code; {remedy(line)}"
    return ""


def _own_program(request: CommandRequest, grants: Grants, rules: list[CommandGrant]) -> str:
    """Return why this program may not be run at all, or an empty string: the guest can write it (P02).

    Where every command is granted this rule would promise what nothing keeps (P29), so it is silent there.
    """
    if any(rule.program is None and rule.effect is Effect.ALLOW for rule in rules):
        return ""
    for path, folder in held_by(request.command.program, grants.folders):
        where = visible(folder.host, 300)
        return (
            f"{visible(path, 300)} lies in the folder {where}, which the guest can write, so it could be the guest's "
            "own; grant that folder with :ro to be asked about its programs"
        )
    return ""


def _ungranted(request: CommandRequest, grants: Grants, rule: CommandGrant) -> list[bytes]:
    """Return the names that `rule` does not cover; ``--allow-command-all`` covers every ordinary one."""
    if rule.program is None:
        return []
    return _missing_names(request, grants)


def _missing_names(request: CommandRequest, grants: Grants) -> list[bytes]:
    granted = _granted_names(request, grants) | _guest_names(request, grants)
    return [name for name in request.command.env_names if name not in granted]


def _missing_line(request: CommandRequest, grants: Grants) -> str:
    return grant_line(request, _missing_names(request, grants))
