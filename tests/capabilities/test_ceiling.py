"""What an administrator leaves to be granted: it only ever takes away (attack U23)."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssvm_kernel.capabilities.ceiling import Ceiling
from ssvm_kernel.capabilities.model import (
    Access,
    AnyArguments,
    Asker,
    Effect,
    EnvGrant,
    ExactArguments,
    Grants,
    NetworkGrant,
)
from ssvm_kernel.capabilities.network import ConnectionRequest, Destination, decide_connection
from ssvm_kernel.capabilities.places import ANY_PORT
from ssvm_kernel.capabilities.policy import Policy
from ssvm_kernel.errors import GrantError
from tests.capabilities.build import blanket, folder, grant, quick, request

GIT = "/usr/bin/git"


def connection(host: str, port: int) -> NetworkGrant:
    return NetworkGrant(Effect.ALLOW, host, port)


EXACT = ExactArguments((b"status",))


def test_nothing_is_taken_away_by_default():
    Ceiling().check(Grants((blanket(), grant("git")), (folder("/data"),), (EnvGrant("HOME", "x"),)))
    assert Ceiling().remembered([grant("git")]) == (grant("git"),)


REFUSED = {
    "another program": (Ceiling(commands=(GIT,)), Grants((grant("ls"),))),
    "no program at all": (Ceiling(commands=()), Grants((grant("git"),))),
    "every program": (Ceiling(all_commands=False), Grants((blanket(),))),
    "every program where some may run": (Ceiling(commands=(GIT,)), Grants((blanket(),))),
    "any arguments": (Ceiling(any_arguments=False), Grants((grant("git", AnyArguments()),))),
    "a folder for writing": (Ceiling(writable_folders=False), Grants((), (folder("/data"),))),
    "a folder elsewhere": (Ceiling(folders=("/data",)), Grants((), (folder("/database"),))),
    "the folder above": (Ceiling(folders=("/data/in",)), Grants((), (folder("/data"),))),
    "a place": (Ceiling(network=("a.example:443",)), Grants(network=(connection("b.example", 443),))),
    "another port": (Ceiling(network=("a.example:443",)), Grants(network=(connection("a.example", 80),))),
    "every port where one is left": (
        Ceiling(network=("a.example:443",)),
        Grants(network=(connection("a.example", ANY_PORT),)),
    ),
    "any network": (Ceiling(network=()), Grants(network=(connection("a.example", 443),))),
    "a variable": (Ceiling(environment=("LANG",)), Grants(env=(EnvGrant("TOKEN", "x"),))),
}


@pytest.mark.parametrize(("ceiling", "grants"), REFUSED.values(), ids=REFUSED)
def test_u23_what_is_above_it_is_refused(ceiling, grants):
    with pytest.raises(GrantError, match="the configuration in"):
        ceiling.check(grants)


def test_what_is_below_it_is_left():
    ceiling = Ceiling((GIT,), False, False, False, ("/data",), False, ("LANG",))
    left = Grants((grant("git", EXACT),), (folder("/data/in", Access.READ),), (EnvGrant("LANG", "C"),))
    ceiling.check(left)


def test_places_that_are_left():
    left = Ceiling(network=("a.example:443", "b.example:*"))
    left.check(Grants(network=(connection("a.example", 443), connection("b.example", 1), connection("b.example", 0))))
    for lowered in (left.lowered(Ceiling(network=("b.example:80", "c.example:*"))), Ceiling(network=("b.example:80",))):
        assert lowered.network == ("b.example:80",)
        assert lowered.forbids_connection("b.example", 81)
        assert not lowered.forbids_connection("b.example", 80)


def test_u23_an_answer_for_always_connects_to_nothing_above_it():
    asked = ConnectionRequest("r1", Asker("g", "0" * 64), Destination("a.example", 443))
    granted = Grants(network=(connection("a.example", 443),))
    allowed = decide_connection(asked, granted, Ceiling())
    denied = decide_connection(asked, granted, Ceiling(network=(), sources=("/etc/x.json",)))
    assert allowed is not None
    assert allowed.effect is Effect.ALLOW
    assert denied is not None
    assert denied.effect is Effect.DENY
    assert denied.reason == "the configuration in /etc/x.json does not allow connections to a.example:443"


def test_denials_are_never_taken_away():
    denial = grant("ls", effect=Effect.DENY)
    Ceiling(commands=(), any_arguments=False).check(Grants((denial, blanket(Effect.DENY))))
    assert Ceiling(always=False).remembered([denial, grant("git")]) == (denial,)


def test_u23_no_grant_and_no_answer_runs_what_is_above_it():
    policy = Policy(Ceiling(commands=("/usr/bin/ls",), sources=("/etc/x.json",)))
    decision = policy.decide(request("git", "status"), Grants((blanket(), grant("git"))))
    assert decision is not None
    assert decision.effect is Effect.DENY
    assert "/etc/x.json" in decision.reason
    assert "/usr/bin/git" in decision.reason
    assert policy.decide(request("ls"), Grants()) is None


def test_no_option_is_named_for_what_is_above_it():
    policy = Policy(Ceiling(commands=("/usr/bin/ls",)))
    assert policy.grant_line(request("git", "status"), Grants()) == ""
    assert policy.grant_line(request("ls"), Grants()) == "--allow-command =ls"


paths = st.sampled_from(["/a", "/a/b", "/a/bc", "/c", "/"])
some_paths = st.none() | st.lists(paths, max_size=3).map(tuple)
ceilings = st.builds(
    Ceiling,
    commands=st.none() | st.lists(st.sampled_from([GIT, "/usr/bin/ls"]), max_size=2).map(tuple),
    all_commands=st.booleans(),
    any_arguments=st.booleans(),
    always=st.booleans(),
    folders=some_paths,
    writable_folders=st.booleans(),
    environment=st.none() | st.lists(st.sampled_from(["A", "B"]), max_size=2).map(tuple),
)
all_grants = st.sampled_from(
    [
        Grants((grant("git"),)),
        Grants((grant("git", EXACT),)),
        Grants((grant("ls", EXACT),)),
        Grants((blanket(),)),
        *(Grants((), (folder(path, access),)) for path in ("/a", "/a/b", "/a/b/c", "/d") for access in Access),
        *(Grants(env=(EnvGrant(name, ""),)) for name in "ABC"),
    ]
)


def allows(ceiling: Ceiling, grants: Grants) -> bool:
    try:
        ceiling.check(grants)
    except GrantError:
        return False
    return True


@quick
@given(ceilings, ceilings, all_grants)
def test_u23_of_two_files_the_stricter_rule_holds(one, other, grants):
    assert allows(one.lowered(other), grants) == (allows(one, grants) and allows(other, grants))
    assert allows(other.lowered(one), grants) == allows(one.lowered(other), grants)


def test_every_field_is_lowered():
    strict = Ceiling((), False, False, False, (), False, (), ("a",))
    lowered = Ceiling().lowered(strict)
    assert {field.name: getattr(lowered, field.name) for field in fields(Ceiling)} == {
        field.name: getattr(strict, field.name) for field in fields(Ceiling)
    }
