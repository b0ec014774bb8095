"""How long, in which direction and from where: the words that every grant and decision is made of."""

from __future__ import annotations

import enum

__all__ = ["Access", "Effect", "Origin", "Scope"]


class Scope(enum.Enum):
    """For how long an answer holds."""

    ONCE = "once"  # this one request
    RUN = "run"  # until this run of the guest ends
    SESSION = "session"  # until the kernel ends or it is revoked
    ALWAYS = "always"  # kept in the user's file, for this module hash and this resolved program


class Effect(enum.Enum):
    """What a rule does; precedence is ``DENY`` over ``ASK`` over ``ALLOW``: the most restrictive rule wins."""

    DENY = "deny"
    ASK = "ask"
    ALLOW = "allow"


class Origin(enum.Enum):
    """Where a grant or decision came from."""

    OPTION = "option"  # written by the person on the magic's line or the command line
    PERSON = "person"  # answered in a prompt
    FILE = "file"  # the user's file of "always" grants
    POLICY = "policy"  # a built-in rule (a loader variable, a dangerous folder, nobody to ask ...)


class Access(enum.Enum):
    """What a folder grant allows: only these two, write alone was never sound (attack W20)."""

    READ = "read"
    READ_WRITE = "read and write"
