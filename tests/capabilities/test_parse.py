"""Option text to grants."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ssvm_kernel.capabilities.model import (
    Access,
    AnyArguments,
    Effect,
    ExactArguments,
    Origin,
    PrefixArguments,
    Scope,
)
from ssvm_kernel.capabilities.parse import (
    CommandEnv,
    apply_command_env,
    parse_command,
    parse_command_all,
    parse_command_env,
    parse_dir,
    parse_env,
)
from ssvm_kernel.errors import GrantError, UsageError
from tests.capabilities.build import nasty_text, quick, resolve, resolve_folder, resolve_nothing
from tests.capabilities.test_environ import LOADER


@pytest.mark.parametrize(
    ("text", "name", "rule"),
    [
        ("git", b"git", AnyArguments()),
        ("  git  ", b"git", AnyArguments()),
        ("git status", b"git", ExactArguments((b"status",))),
        ("git commit -m 'two words'", b"git", ExactArguments((b"commit", b"-m", b"two words"))),
        ('git log ""', b"git", ExactArguments((b"log", b""))),
        ("git log ...", b"git", PrefixArguments((b"log",))),
        ("git log -1 ...", b"git", PrefixArguments((b"log", b"-1"))),
        ("git ... log", b"git", ExactArguments((b"...", b"log"))),
        ("git ...", b"git", AnyArguments()),
        ("=git", b"git", ExactArguments()),
        ("=git status", b"git", ExactArguments((b"status",))),
        ("=git log ...", b"git", ExactArguments((b"log", b"..."))),
        ("'=git' x", b"=git", ExactArguments((b"x",))),
        ("/usr/bin/git", b"/usr/bin/git", AnyArguments()),
        ("echo # $HOME `id` ; a|b", b"echo", ExactArguments((b"#", b"$HOME", b"`id`", b";", b"a|b"))),
        ("echo é", b"echo", ExactArguments(("é".encode(),))),
        ("echo a\nb", b"echo", ExactArguments((b"a", b"b"))),
    ],
)
def test_allow_command(text, name, rule):
    grant = parse_command(text, resolve)
    assert (grant.name, grant.rule, grant.effect) == (name, rule, Effect.ALLOW)
    assert (grant.scope, grant.origin, grant.env_names) == (Scope.RUN, Origin.OPTION, frozenset())
    assert grant.program == resolve(name).program


@pytest.mark.parametrize("text", ["", "  ", "=", "= ", "''", "'' a", "git 'status", "git a\0b"])
def test_allow_command_that_says_nothing(text):
    with pytest.raises(UsageError, match="--allow-command") as caught:
        parse_command(text, resolve)
    assert 'for example --allow-command "git status"' in str(caught.value)


def test_allow_command_of_a_program_that_is_not_there():
    with pytest.raises(UsageError, match="--allow-command nope: no folder in PATH has it"):
        parse_command("nope --version", resolve_nothing)


def test_p29_every_command_is_its_own_option():
    everything = parse_command_all()
    assert (everything.program, everything.rule, everything.effect) == (None, AnyArguments(), Effect.ALLOW)
    for text in ("*", "all", "...", "=..."):
        assert parse_command(text, resolve).program is not None


@pytest.mark.parametrize(
    ("text", "guest", "host", "access"),
    [
        ("data", "data", "/home/me/data", Access.READ_WRITE),
        ("/data", "/data", "/data", Access.READ_WRITE),
        ("data:ro", "data", "/home/me/data", Access.READ),
        ("data:readonly", "data", "/home/me/data", Access.READ),
        ("data:rw", "data", "/home/me/data", Access.READ_WRITE),
        ("in:/data", "in", "/data", Access.READ_WRITE),
        ("in:/data:ro", "in", "/data", Access.READ),
        ("in:/data:rw", "in", "/data", Access.READ_WRITE),
        ("in:./ro", "in", "/home/me/./ro", Access.READ_WRITE),
        ("in:ro:ro", "in", "/home/me/ro", Access.READ),
        ("ro", "ro", "/home/me/ro", Access.READ_WRITE),
        (".", ".", "/home/me/.", Access.READ_WRITE),
        ("/a\\:b", "/a:b", "/a:b", Access.READ_WRITE),
        ("in:/a\\:b\\\\:ro", "in", "/a:b\\", Access.READ),
        ("in:/a\\b", "in", "/a\\b", Access.READ_WRITE),
        ("~/data", "/home/me/~/data", "/home/me/~/data", Access.READ_WRITE),
    ],
)
def test_dir(text, guest, host, access):
    grant = parse_dir(text, resolve_folder)
    assert (grant.guest, grant.host, grant.access) == (guest, host, access)


@pytest.mark.parametrize(
    "text", ["", ":", "a:", ":a", "a::ro", ":ro", "a:b:c", "a:b:RO", "a:b:c:ro", "a:b:ro:ro", "a\0"]
)
def test_dir_that_is_not_understood(text):
    with pytest.raises(UsageError, match="--dir") as caught:
        parse_dir(text, resolve_folder)
    assert "for example --dir data:/srv/data:ro" in str(caught.value)


def test_dir_that_is_not_there():
    def missing(path):
        raise GrantError(f"{path} is not there")

    with pytest.raises(GrantError, match="/data is not there"):
        parse_dir("in:/data:ro", missing)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [("A=1", "A", "1"), ("A=", "A", ""), ("A=b=c", "A", "b=c"), ("HOST", "HOST", "kernel's"), ("A= x ", "A", " x ")],
)
def test_env(text, name, value):
    grant = parse_env(text, {"HOST": "kernel's", "OTHER": "x"})
    assert (grant.name, grant.value) == (name, value)


@pytest.mark.parametrize("text", ["", "=", "=x", "A\0=x", "A=\0", "UNSET"])
def test_env_that_is_not_understood(text):
    with pytest.raises(UsageError, match="--env"):
        parse_env(text, {"HOST": "x"})


def test_a_value_of_the_environment_is_never_in_a_repr():
    assert "hunter2" not in repr(parse_env("TOKEN=hunter2", {}))


@pytest.mark.parametrize(
    ("text", "program", "name"),
    [("GIT_DIR", b"", b"GIT_DIR"), ("git:GIT_DIR", b"git", b"GIT_DIR"), ("/opt/a:b:X", b"/opt/a:b", b"X")],
)
def test_allow_command_env(text, program, name):
    assert parse_command_env(text) == CommandEnv(program, name)


@pytest.mark.parametrize("text", ["", "git:", "git:A=B", "A\0", ":"])
def test_allow_command_env_that_is_not_understood(text):
    with pytest.raises(UsageError, match="--allow-command-env"):
        parse_command_env(text)


@pytest.mark.parametrize("name", LOADER.split())
def test_p03_a_loader_variable_cannot_be_granted(name):
    with pytest.raises(UsageError, match="never allowed"):
        parse_command_env(f"git:{name}")


def test_a_name_with_a_program_is_for_that_program():
    git, ls = parse_command("git status", resolve), parse_command("ls", resolve)
    first, second = apply_command_env([git, ls], [CommandEnv(b"git", b"GIT_DIR")], resolve)
    assert first.env_names == {b"GIT_DIR"}
    assert second == ls


def test_a_name_without_a_program_is_for_all_that_are_granted():
    grants = [parse_command("git", resolve), parse_command("ls", resolve)]
    assert [
        each.env_names for each in apply_command_env(grants, [CommandEnv(b"", b"A"), CommandEnv(b"", b"B")], resolve)
    ] == [
        {b"A", b"B"},
        {b"A", b"B"},
    ]


def test_a_name_for_a_program_that_is_not_granted_leaves_the_program_to_the_person():
    (grant,) = apply_command_env([], [CommandEnv(b"git", b"GIT_DIR")], resolve)
    assert (grant.effect, grant.program, grant.env_names) == (Effect.ASK, resolve(b"git").program, {b"GIT_DIR"})
    (grant,) = apply_command_env([], [CommandEnv(b"", b"GIT_DIR")], resolve)
    assert (grant.effect, grant.program) == (Effect.ASK, None)


def test_a_name_for_a_program_where_all_are_granted_stays_with_that_program():
    everything, own = apply_command_env([parse_command_all()], [CommandEnv(b"git", b"GIT_DIR")], resolve)
    assert everything == parse_command_all()
    assert (own.effect, own.program, own.env_names) == (Effect.ALLOW, resolve(b"git").program, {b"GIT_DIR"})


def test_a_name_for_a_program_that_is_not_there():
    with pytest.raises(UsageError, match="nope: no folder"):
        apply_command_env([], [CommandEnv(b"nope", b"A")], resolve_nothing)


@quick
@example("\ud800", parse_command)
@example("A\ud800=\ud800", parse_env)
@example("a:/\ud800", parse_dir)
@example("git:\ud800", parse_command_env)
@given(nasty_text, st.sampled_from([parse_command, parse_dir, parse_env, parse_command_env]))
def test_any_text_is_read_or_refused_with_a_plain_message(text, parse):
    extra = {parse_command: (resolve,), parse_dir: (resolve_folder,), parse_env: ({},), parse_command_env: ()}[parse]
    message = "--"
    try:
        parse(text, *extra)
    except UsageError as error:
        message = str(error)
    assert message.isprintable()
    assert "--" in message
