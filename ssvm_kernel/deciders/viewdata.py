"""The one-way data of the prompt widget: words to show, ids to send back, nothing that could grant by itself."""

from __future__ import annotations

from typing import Any

from ssvm_kernel.capabilities.model import PrefixArguments, Scope
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.deciders.base import Offer, Question
from ssvm_kernel.deciders.facts import AnyFacts, ConnectionFacts
from ssvm_kernel.deciders.offers import coverage

__all__ = ["view_data"]

_SCOPES = {
    Scope.ONCE: "Once",
    Scope.RUN: "This run",
    Scope.SESSION: "This session",
    Scope.ALWAYS: "Always for this guest and this program",
}

_ALWAYS_HERE = "Always for this guest"


def view_data(question: Question, facts: AnyFacts, nonce: str) -> dict[str, Any]:
    """Return what the view is given; all of it is JSON, and all text in it is already safe to show as text."""
    if isinstance(facts, ConnectionFacts):
        return {
            "kind": "connection",
            "id": question.request.id,
            "nonce": nonce,
            "who": {"guest": facts.guest, "module": facts.module, "cell": facts.cell},
            "destination": facts.destination,
            "care": facts.care,
            "note": visible(question.note),
            "prefix": [],
            "offers": [_offer(offer) for offer in question.offers],
        }
    prefixes = [offer.rule.items for offer in question.offers if isinstance(offer.rule, PrefixArguments)]
    return {
        "id": question.request.id,
        "nonce": nonce,
        "who": {"guest": facts.guest, "module": facts.module, "cell": facts.cell},
        "name": facts.name,
        "program": facts.program,
        "arguments": list(facts.arguments),
        "folder": facts.folder,
        "environment": list(facts.environment),
        "stdin": facts.stdin,
        "timeLimit": facts.time_limit,
        "note": visible(question.note),
        "prefix": [visible(item) for item in prefixes[0]] if prefixes else [],
        "offers": [_offer(offer) for offer in question.offers],
    }


def _offer(offer: Offer) -> dict[str, Any]:
    return {
        "id": offer.id,
        "allow": offer.allow,
        "scope": offer.scope.value,
        "scopeLabel": _ALWAYS_HERE if offer.rule is None and offer.scope is Scope.ALWAYS else _SCOPES[offer.scope],
        "covers": coverage(offer),
    }
