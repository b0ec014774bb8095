"""A rule about a command's arguments in two parts, for where it is written down or travels."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ssvm_kernel.capabilities.model import AnyArguments, ArgvRule, ExactArguments, PrefixArguments

__all__ = ["RuleKind", "rule_of", "rule_parts"]

RuleKind: TypeAlias = Literal["exact", "prefix", "any"]


def rule_parts(rule: ArgvRule) -> tuple[RuleKind, tuple[bytes, ...]]:
    """Return of which kind a rule is, and its arguments."""
    if isinstance(rule, AnyArguments):
        return "any", ()
    return "exact" if isinstance(rule, ExactArguments) else "prefix", rule.items


def rule_of(kind: RuleKind, items: tuple[bytes, ...]) -> ArgvRule:
    """Return the rule that has these parts."""
    if kind == "any":
        return AnyArguments()
    return ExactArguments(items) if kind == "exact" else PrefixArguments(items)
