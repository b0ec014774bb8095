"""Who decides a request: the most restrictive matching rule, a built-in rule, or nobody (U27, rules 8, 9, 11, 14)."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import structs

from ssvm_kernel.capabilities.environ import NameClass, classify
from ssvm_kernel.capabilities.matching import matches
from ssvm_kernel.capabilities.model import (
    Access,
    AnyArguments,
    Command,
    CommandRequest,
    Effect,
    EnvGrant,
    ExactArguments,
    Grants,
    Origin,
    PrefixArguments,
    Scope,
)
from ssvm_kernel.capabilities.parse import apply_command_env, parse_command, parse_command_env
from ssvm_kernel.capabilities.policy import MAX_ITEMS, Policy, deny_grant_for, grant_for, strictest, unshowable
from ssvm_kernel.capabilities.text import SHOWN_LIMIT
from tests.capabilities.build import GUEST, blanket, folder, grant, nasty_bytes, program, quick, request, resolve
from tests.capabilities.test_environ import INTERPRETER, LOADER

ALLOW, ASK, DENY = Effect.ALLOW, Effect.ASK, Effect.DENY
STRICTNESS = {DENY: 0, ASK: 1, ALLOW: 2}
SPECIFICITY = {
    "blanket": lambda effect: blanket(effect),
    "program": lambda effect: grant("git", effect=effect),
    "prefix": lambda effect: grant("git", PrefixArguments((b"push",)), effect),
    "exact": lambda effect: grant("git", ExactArguments((b"push", b"origin")), effect),
}


def decide(asked, *commands, folders=(), env=()):
    return Policy().decide(asked, Grants(tuple(commands), tuple(folders), tuple(env)))


def outcome(decision):
    return ASK if decision is None else decision.effect


@pytest.mark.parametrize(("first", "second"), list(itertools.product(Effect, repeat=2)))
@pytest.mark.parametrize(("wide", "narrow"), list(itertools.product(SPECIFICITY, repeat=2)))
def test_u27_the_most_restrictive_of_two_rules_wins(first, second, wide, narrow):
    asked = request("git", "push", "origin")
    rules = [SPECIFICITY[wide](first), SPECIFICITY[narrow](second)]
    expected = min((first, second), key=STRICTNESS.get)
    assert outcome(decide(asked, *rules)) is expected
    assert outcome(decide(asked, *rules[::-1])) is expected


@quick
@given(st.lists(st.tuples(st.sampled_from(sorted(SPECIFICITY)), st.sampled_from(Effect)), max_size=6))
def test_u27_the_most_restrictive_of_many_rules_wins(rules):
    asked = request("git", "push", "origin")
    expected = min((effect for _, effect in rules), key=STRICTNESS.get, default=ASK)
    assert outcome(decide(asked, *(SPECIFICITY[kind](effect) for kind, effect in rules))) is expected


@quick
@given(st.lists(st.tuples(st.sampled_from(sorted(SPECIFICITY)), st.sampled_from(Effect)), max_size=4), st.data())
def test_u27_a_further_rule_only_ever_restricts_or_allows_what_was_asked(rules, data):
    """No rule turns a denial into anything else, and none but an allow turns a question into an allow."""
    asked = request("git", "push", "origin")
    grants = [SPECIFICITY[kind](effect) for kind, effect in rules]
    kind, effect = data.draw(st.sampled_from(sorted(SPECIFICITY))), data.draw(st.sampled_from(Effect))
    before, after = outcome(decide(asked, *grants)), outcome(decide(asked, *grants, SPECIFICITY[kind](effect)))
    assert before is not DENY or after is DENY
    if before is ASK and after is ALLOW:
        assert effect is ALLOW


def test_strictest_of_nothing_is_nothing():
    assert strictest(set()) is None


def test_rule_1_nothing_is_allowed_from_the_start():
    assert decide(request("git", "status")) is None


def test_a_decision_says_where_it_came_from():
    by_option = decide(request("git", "status"), parse_command("git status", resolve))
    assert (by_option.effect, by_option.origin, by_option.request_id) == (ALLOW, Origin.OPTION, "request-1")
    assert '--allow-command "git status"' in by_option.reason
    by_person = decide(request("git"), grant("git", origin=Origin.PERSON, scope=Scope.SESSION))
    assert by_person.reason == "allowed by you for this session"
    by_file = decide(request("git"), grant("git", origin=Origin.FILE, scope=Scope.ALWAYS))
    assert "your file" in by_file.reason
    denied = decide(request("git"), blanket(DENY))
    assert (denied.effect, denied.grant) == (DENY, blanket(DENY))


@pytest.mark.parametrize("argv", [(), ("",), ("git\0rm",), ("git", "a\0b"), ("\0",)])
def test_p15_a_nul_or_no_name_is_refused_whatever_is_granted(argv):
    asked = request(*argv, program=program())
    decision = decide(asked, blanket())
    assert decision.effect is DENY
    assert decision.origin is Origin.POLICY
    assert "\0" not in decision.reason


@pytest.mark.parametrize("env", [{"": "x"}, {"A=B": "x"}, {"A\0": "x"}, {"A": "x\0y"}])
def test_p04_a_malformed_environment_is_refused_whatever_is_granted(env):
    assert decide(request("git", env=env), blanket(env_names=frozenset([b"", b"A=B", b"A", b"A\0"]))).effect is DENY


def test_p04_a_name_given_twice_is_refused():
    asked = CommandRequest("r", GUEST, Command(program(), (b"git",), ((b"A", b"1"), (b"A", b"2"))))
    assert decide(asked, blanket()).effect is DENY


@pytest.mark.parametrize("name", LOADER.split())
def test_p03_a_loader_variable_is_never_allowed(name):
    names = frozenset([name.encode()])
    decision = decide(
        request("git", env={name: "x"}),
        grant("git", env_names=names),
        blanket(env_names=names),
        env=[EnvGrant(name, "x")],
    )
    assert decision.effect is DENY
    assert name in decision.reason


@pytest.mark.parametrize("name", INTERPRETER.split())
def test_p06_an_interpreter_variable_needs_its_own_name_for_that_program(name):
    asked = request("git", env={name: "x"})
    refused = decide(asked, grant("git"), blanket(), env=[EnvGrant(name, "x")])
    assert refused.effect is DENY
    assert f"git:{name}" in refused.reason.replace("'", "")
    other = grant("ls", env_names=frozenset([name.encode()]))
    assert decide(asked, grant("git"), other).effect is DENY
    named = grant("git", env_names=frozenset([name.encode()]))
    assert decide(asked, named).effect is ALLOW


def test_p06_the_name_counts_for_the_program_whatever_the_arguments():
    asked = request("git", "log", env={"GIT_DIR": "x"})
    status = grant("git", ExactArguments((b"status",)), env_names=frozenset([b"GIT_DIR"]))
    assert decide(asked, status) is None  # asked about, not denied: its variable was granted
    assert decide(asked, status, grant("git", ExactArguments((b"log",)))).effect is ALLOW


def test_p06_a_name_of_a_denied_program_grants_nothing():
    names = frozenset([b"PATH"])
    assert (
        decide(request("git", env={"PATH": "x"}), grant("git"), grant("git", effect=DENY, env_names=names)).effect
        is DENY
    )


def test_p06_a_name_beside_a_denial_of_other_arguments_grants_nothing():
    names = frozenset([b"PATH"])
    denied = grant("git", ExactArguments((b"push",)), DENY, env_names=names)
    assert decide(request("git", env={"PATH": "x"}), grant("git"), denied).effect is DENY


def test_rule_8_an_ordinary_variable_is_asked_about():
    asked = request("git", env={"COUNT": "3"})
    assert decide(asked, grant("git")) is None
    assert "COUNT" in Policy().why_ask(asked, Grants((grant("git"),)))


@pytest.mark.parametrize(
    "grants",
    [
        Grants((grant("git", env_names=frozenset([b"COUNT"])),)),
        Grants((grant("git"),), env=(EnvGrant("COUNT", "3"),)),
        Grants((blanket(),)),
        Grants((grant("git"), blanket())),
    ],
)
def test_rule_8_an_ordinary_variable_that_was_granted_is_allowed(grants):
    assert Policy().decide(request("git", env={"COUNT": "3"}), grants).effect is ALLOW


def test_rule_8_what_another_guest_was_given_does_not_count():
    theirs = EnvGrant("COUNT", "3", module_sha256="cd" * 32)
    assert decide(request("git", env={"COUNT": "3"}), grant("git"), env=[theirs]) is None


def test_rule_8_a_persons_answer_covers_the_variables_that_were_shown():
    asked = request("git", "status", env={"COUNT": "3"})
    answer = grant_for(asked, None, Scope.SESSION, created=5.0)
    assert answer.rule == ExactArguments((b"status",))
    assert (answer.origin, answer.scope, answer.created) == (Origin.PERSON, Scope.SESSION, 5.0)
    assert decide(asked, answer).effect is ALLOW
    assert decide(request("git", "status"), answer).effect is ALLOW
    assert decide(request("git", "status", env={"COUNT": "3", "OTHER": "4"}), answer) is None
    assert decide(request("git", "log", env={"COUNT": "3"}), answer) is None


def test_a_persons_answer_is_for_the_guest_that_was_shown():
    answer = grant_for(request("git"), AnyArguments(), Scope.SESSION)
    other = replace(GUEST, module_sha256="cd" * 32)
    asked = request("git", asker=other)
    assert decide(asked, answer) is None
    assert "another guest" in Policy().why_ask(asked, Grants((answer,)))


def test_a_persons_answer_never_grants_a_loader_or_interpreter_name():
    asked = request("git", env={"GIT_DIR": "x", "LD_PRELOAD": "y", "COUNT": "1"})
    assert grant_for(asked, None, Scope.SESSION).env_names == {b"COUNT"}


def test_a_lasting_denial_denies():
    asked = request("git", "push")
    denial = deny_grant_for(asked, None, Scope.SESSION)
    assert decide(asked, denial, blanket()).effect is DENY
    assert decide(request("git", "status"), denial) is None


def test_p02_a_program_that_the_guest_can_write_is_denied():
    asked = request("/data/tool", path="/data/tool")
    assert decide(asked, folders=[folder("/data")]).effect is DENY
    assert "/data" in decide(asked, folders=[folder("/data")]).reason
    assert decide(asked, grant("tool", path="/data/tool"), folders=[folder("/data")]).effect is DENY
    assert decide(asked, folders=[folder("/data", Access.READ)]) is None
    assert decide(asked, folders=[folder("/dat")]) is None


def test_p02_no_option_is_named_that_could_not_grant_it():
    asked, held = request("/data/tool", path="/data/tool"), Grants(folders=(folder("/data"),))
    assert Policy().grant_line(asked, held) == ""
    assert ":ro" in decide(asked, folders=held.folders).reason
    assert Policy().grant_line(asked, Grants(folders=(folder("/data", Access.READ),))) == "--allow-command =/data/tool"


def test_p02_a_link_on_the_way_that_the_guest_can_write_is_denied():
    linked = program("/usr/bin/git", via=("/data", "/data/git", "/usr/bin/git"))
    asked = request("/data/git", program=linked)
    assert decide(asked, folders=[folder("/data")]).effect is DENY


def test_p29_where_every_command_is_granted_nothing_is_pretended():
    asked = request("/data/tool", path="/data/tool")
    assert decide(asked, blanket(), folders=[folder("/data")]).effect is ALLOW
    assert decide(asked, blanket(ASK), folders=[folder("/data")]).effect is DENY


def test_p27_the_person_is_told_that_the_program_changed():
    old = grant("git", program=program("/usr/bin/git", identity=replace(program().identity, size=99)))
    assert decide(request("git"), old) is None
    assert "not the same file" in Policy().why_ask(request("git"), Grants((old,)))


def test_why_ask_names_other_arguments_and_is_silent_otherwise():
    assert "other arguments" in Policy().why_ask(request("git", "log"), Grants((grant("git", ExactArguments()),)))
    assert Policy().why_ask(request("git"), Grants()) == ""


@pytest.mark.parametrize(
    "asked",
    [
        request("git", "a" * (SHOWN_LIMIT + 1)),
        request("git", *["a" * 100] * 150),
        request("git", *[""] * (MAX_ITEMS + 1)),
        request("git", env={f"A{n}": "" for n in range(MAX_ITEMS + 1)}),
        request("git", env={"A" * (SHOWN_LIMIT + 1): ""}),
        request("git", cwd="/" + "a" * SHOWN_LIMIT),
        request("git", "\x1b" * (SHOWN_LIMIT // 3)),
    ],
)
def test_u04_what_cannot_be_shown_in_full_is_denied_and_not_asked(asked):
    assert unshowable(asked)
    decision = decide(asked)
    assert decision.effect is DENY
    assert "nobody was asked" in decision.reason
    assert decide(asked, blanket(ASK)).effect is DENY


def test_u04_what_was_granted_before_needs_no_showing():
    asked = request("git", "a" * (SHOWN_LIMIT + 1))
    assert decide(asked, grant("git")).effect is ALLOW


arguments = st.lists(nasty_bytes.filter(lambda item: b"\0" not in item), max_size=3).map(tuple)
env_names = st.lists(
    st.one_of(st.sampled_from([b"A", b"GIT_DIR", b"PATH", b"LD_PRELOAD", b"N:M"]), st.binary(min_size=1, max_size=4)),
    unique=True,
    max_size=3,
).map(lambda names: [name for name in names if b"=" not in name and b"\0" not in name])


@quick
@given(arguments, env_names)
def test_the_line_that_is_offered_grants_exactly_the_request(items, names):
    asked = CommandRequest(
        "r", GUEST, Command(program(), (b"git", *items), tuple((name, b"v") for name in sorted(names)))
    )
    line = Policy().grant_line(asked, Grants())
    if not line.startswith("--"):
        assert line.startswith("no option can grant it")
        return
    granted = Grants(read_line(line))
    assert Policy().decide(asked, granted).effect is ALLOW
    command = structs.replace(asked.command, argv=(*asked.command.argv, b"more"))
    other = structs.replace(asked, command=command)
    assert outcome(Policy().decide(other, granted)) is not ALLOW


@quick
@given(arguments, env_names, st.booleans())
def test_nothing_is_allowed_without_a_matching_grant(items, names, grant_names):
    asked = CommandRequest(
        "r", GUEST, Command(program(), (b"git", *items), tuple((name, b"v") for name in sorted(names)))
    )
    rule = grant("git", ExactArguments((b"status",)), env_names=frozenset(names if grant_names else ()))
    decision = decide(asked, rule)
    if decision is not None and decision.effect is ALLOW:
        assert matches(rule, asked)
        assert grant_names or not names
        assert all(classify(name) is not NameClass.LOADER for name in names)


@quick
@given(nasty_bytes)
def test_u01_a_reason_never_holds_raw_guest_text(name):
    assume(name)
    asked = CommandRequest(
        "r", GUEST, Command(program(), (name, name), ((b"PATH" + name, name), (b"LD_" + name, name)))
    )
    for decision in (decide(asked), decide(asked, blanket()), decide(asked, grant("git"))):
        assert decision is None or decision.reason.isprintable()


def read_line(line):
    """Read options as the magic does: split into words, then each by its flag."""
    import shlex

    commands, names = [], []
    words = iter(shlex.split(line))
    for word in words:
        flag, has_value, value = word.partition("=")
        value = value if has_value else next(words)
        if flag == "--allow-command":
            commands.append(parse_command(value, resolve))
        else:
            assert flag == "--allow-command-env"
            names.append(parse_command_env(value))
    return apply_command_env(commands, names, resolve)
