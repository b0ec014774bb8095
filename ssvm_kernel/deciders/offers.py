"""Which answers a person is offered for one request, from the narrowest to the widest.

The offers are plain data: a view lays them out (scopes and coverage as radio buttons), a terminal lists some of them,
and an answer is only ever one of them (rule 12 of the threat model).
"""

from __future__ import annotations

import posixpath

from ssvm_kernel.capabilities.model import (
    AnyArguments,
    ArgvRule,
    CommandRequest,
    ExactArguments,
    PrefixArguments,
    Scope,
)
from ssvm_kernel.capabilities.network import ConnectionRequest
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.deciders.base import Offer

__all__ = ["DENY", "connection_offers", "coverage", "offers_for", "prefix_of"]

DENY = Offer(id="deny", label="Deny", allow=False, scope=Scope.ONCE)

_LASTING = (Scope.RUN, Scope.SESSION)
_SCOPE_WORDS = {
    Scope.ONCE: "once",
    Scope.RUN: "for this run",
    Scope.SESSION: "for this session",
    Scope.ALWAYS: "always for this guest and this program",
}


def coverage(offer: Offer) -> str:
    """Return how much an offer covers: ``"request"``, ``"exact"``, ``"prefix"`` or ``"any"``."""
    match offer.rule:
        case None:
            return "request"
        case ExactArguments():
            return "exact"
        case PrefixArguments():
            return "prefix"
        case AnyArguments():
            return "any"


def prefix_of(request: CommandRequest) -> tuple[bytes, ...]:
    """Return the first arguments that a "these first arguments" answer would cover, or an empty tuple.

    Only a plain first word narrows anything (``git status``).  After an option the rest is often code
    (``sh -c``, ``git -c``, attack P08), so that such a rule would read as narrow and be as wide as "any".
    """
    arguments = request.command.argv[1:]
    if not arguments or not arguments[0] or arguments[0].startswith(b"-"):
        return ()
    return arguments[:1]


def offers_for(request: CommandRequest, *, lasting_denials: bool = False, always: bool = False) -> tuple[Offer, ...]:
    """Return the answers to offer, deny first and the widest last.

    Parameters
    ----------
    request : CommandRequest
        What is asked.
    lasting_denials : bool
        Also offer to deny for the run and the session, with ids such as ``"deny:session:exact"``.  For a policy that
        remembers denials.
    always : bool
        Also offer each lasting answer for always, with ids such as ``"always"`` and ``"always:prefix"``.

    Returns
    -------
    tuple of Offer
        ``"deny"``, ``"once"``, then ``"run"`` and ``"session"`` (this exact command), then ``"run:prefix"``,
        ``"session:prefix"`` (where the first argument is a plain word), ``"run:any"`` and ``"session:any"``.
    """
    rules = _rules(request)
    offers = [DENY, Offer(id="once", label="Allow once", allow=True, scope=Scope.ONCE)]
    scopes = (*_LASTING, Scope.ALWAYS) if always else _LASTING
    offers += [_lasting(request, scope, rule, allow=True) for rule in rules for scope in scopes]
    if lasting_denials:
        offers += [_lasting(request, scope, rule, allow=False) for rule in rules for scope in scopes]
    return tuple(offers)


def connection_offers(request: ConnectionRequest, *, always: bool = False) -> tuple[Offer, ...]:
    """Return the answers to offer for a connection: each is about this host and port alone.

    Parameters
    ----------
    request : ConnectionRequest
        What is asked.
    always : bool
        Also offer each lasting answer for always.
    """
    scopes = (*_LASTING, Scope.ALWAYS) if always else _LASTING
    words = {**_SCOPE_WORDS, Scope.ALWAYS: "always for this guest"}
    where = request.destination.text
    offers = [DENY, Offer(id="once", label="Allow once", allow=True, scope=Scope.ONCE)]
    offers += [Offer(scope.value, f"Allow {words[scope]}: {where}", True, scope) for scope in scopes]
    offers += [Offer(f"deny:{scope.value}", f"Deny {words[scope]}: {where}", False, scope) for scope in scopes]
    return tuple(offers)


def _rules(request: CommandRequest) -> list[ArgvRule]:
    rules: list[ArgvRule] = [ExactArguments(request.command.argv[1:])]
    prefix = prefix_of(request)
    if prefix:
        rules.append(PrefixArguments(prefix))
    return [*rules, AnyArguments()]


def _lasting(request: CommandRequest, scope: Scope, rule: ArgvRule, *, allow: bool) -> Offer:
    verb = "Allow" if allow else "Deny"
    label = f"{verb} {_SCOPE_WORDS[scope]}: {_describe(request, rule)}"
    return Offer(id=_lasting_id(scope, rule, allow=allow), label=label, allow=allow, scope=scope, rule=rule)


def _lasting_id(scope: Scope, rule: ArgvRule, *, allow: bool) -> str:
    kind = {ExactArguments: "exact", PrefixArguments: "prefix", AnyArguments: "any"}[type(rule)]
    if not allow:
        return f"deny:{scope.value}:{kind}"
    return scope.value if kind == "exact" else f"{scope.value}:{kind}"


def _describe(request: CommandRequest, rule: ArgvRule) -> str:
    name = visible(posixpath.basename(request.command.name))
    match rule:
        case ExactArguments():
            return "this exact command"
        case PrefixArguments(items):
            words = " ".join(visible(item) for item in items)
            return f"{name} {words}, then anything"
        case AnyArguments():
            return f"{name} with any arguments; it can then do all that you can"
