"""Grants to option text that reads back as the same grants (rule 18)."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssvm_kernel.capabilities.model import (
    Access,
    AnyArguments,
    Effect,
    EnvGrant,
    ExactArguments,
    FolderGrant,
    PrefixArguments,
)
from ssvm_kernel.capabilities.parse import apply_command_env, parse_command, parse_command_env, parse_dir, parse_env
from ssvm_kernel.capabilities.text import writable
from ssvm_kernel.capabilities.wording import command_value, grant_line, option
from ssvm_kernel.errors import UsageError
from tests.capabilities.build import blanket, folder, grant, nasty_bytes, nasty_text, quick, request, resolve

item = nasty_bytes.filter(lambda data: b"\0" not in data)
name = item.filter(bool)
rules = st.one_of(
    st.just(AnyArguments()),
    st.lists(st.one_of(item, st.just(b"...")), max_size=4).map(lambda items: ExactArguments(tuple(items))),
    st.lists(st.one_of(item, st.just(b"...")), min_size=1, max_size=4).map(lambda items: PrefixArguments(tuple(items))),
)


def typeable(item):
    """Tell whether an item is UTF-8 whose characters all show."""
    try:
        return writable(item.decode() if isinstance(item, bytes) else item)
    except UnicodeDecodeError:
        return False


def words_of(line):
    """Split as the magic does; a value may stand behind its flag or an equals sign."""
    words = []
    for word in shlex.split(line):
        flag, has_value, value = word.partition("=")
        words += [flag, value] if has_value and flag.startswith("--") else [word]
    return words


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("git", "--allow-command git"),
        ("git status", '--allow-command "git status"'),
        ("git log ...", '--allow-command "git log ..."'),
        ("=date", "--allow-command =date"),
        ("=git log ...", '--allow-command "=git log ..."'),
        ("echo 'a  b'", "--allow-command \"echo 'a  b'\""),
        ("echo 'a $b'", "--allow-command 'echo '\"'\"'a $b'\"'\"''"),
        ("-x", "--allow-command=-x"),
    ],
)
def test_option_of_a_command(text, line):
    assert option(parse_command(text, resolve)) == line


@quick
@given(name, rules)
def test_rule_18_a_command_reads_back_as_it_was(program, rule):
    items = (program, *getattr(rule, "items", ()))
    if not all(typeable(each) for each in items):
        with pytest.raises(UsageError, match="typed"):
            command_value(program, rule)
        return
    value = command_value(program, rule)
    back = parse_command(value, resolve)
    assert (back.name, back.rule) == (program, rule)
    assert words_of(option(back)) == ["--allow-command", value]


@quick
@given(
    st.text("abc ='\"\\$*.-=:;&#\t", min_size=1, max_size=8), st.lists(st.text("ab '\"\\$.=-", max_size=6), max_size=3)
)
def test_rule_18_what_can_be_typed_is_written(program, arguments):
    if "\t" in program:
        return
    rule = ExactArguments(tuple(each.encode() for each in arguments))
    back = parse_command(command_value(program.encode(), rule), resolve)
    assert (back.name, back.rule) == (program.encode(), rule)


@pytest.mark.parametrize("bad", [b"\xff", b"a\nb", "a\u202eb".encode(), b"\x1b", "\u200b".encode(), b"\0"])
def test_what_cannot_be_typed_is_said(bad):
    with pytest.raises(UsageError, match="typed"):
        option(grant("git", ExactArguments((bad,))))
    line = grant_line(request("git", bad))
    assert line.startswith("no option can grant it")
    assert line.isprintable()


paths = nasty_text.filter(lambda text: text and "\0" not in text).map(lambda text: "/" + text)


@quick
@given(paths, st.one_of(st.none(), nasty_text.filter(bool)), st.sampled_from(Access))
def test_rule_18_a_folder_reads_back_as_it_was(host, guest, access):
    grant = folder(host, access, guest or host)
    if not typeable(host) or not typeable(guest or host):
        with pytest.raises(UsageError, match="typed"):
            option(grant)
        return
    flag, value = words_of(option(grant))
    assert flag == "--dir"
    assert parse_dir(value, lambda path: path) == grant


@pytest.mark.parametrize(
    ("grant", "line"),
    [
        (folder("/data", Access.READ), "--dir /data:ro"),
        (folder("/data", Access.READ_WRITE), "--dir /data"),
        (folder("/data", Access.READ, "in"), "--dir in:/data:ro"),
        (folder("/a:b", Access.READ_WRITE, "in"), "--dir 'in:/a\\:b'"),
        (FolderGrant("ro", "x", Access.READ_WRITE), "--dir x:ro:rw"),
        (EnvGrant("LANG", "secret"), "--env LANG"),
        (blanket(), "--allow-command-all"),
        (blanket(env_names=frozenset([b"PATH"])), "--allow-command-all --allow-command-env PATH"),
        (
            grant("git", env_names=frozenset([b"B", b"A"])),
            "--allow-command git --allow-command-env git:A --allow-command-env git:B",
        ),
    ],
)
def test_option(grant, line):
    assert option(grant) == line


def test_rule_18_the_environment_of_a_command_reads_back_as_it_was():
    written = grant("git", path="/opt/x:y/git", env_names=frozenset([b"GIT_DIR", b"A"]))
    written = parse_command("'/opt/x:y/git' log", resolve)
    (written,) = apply_command_env([written], [parse_command_env("/opt/x:y/git:GIT_DIR")], resolve)
    words = words_of(option(written))
    (back,) = apply_command_env([parse_command(words[1], resolve)], [parse_command_env(words[3])], resolve)
    assert back == written


def test_rule_18_a_variable_is_written_without_its_value():
    _, value = words_of(option(EnvGrant("TOKEN", "hunter2")))
    assert parse_env(value, {"TOKEN": "hunter2"}) == EnvGrant("TOKEN", "hunter2")
    assert "hunter2" not in value


@pytest.mark.parametrize("effect", [Effect.ASK, Effect.DENY])
def test_what_no_option_says_is_said(effect):
    with pytest.raises(UsageError, match="no option"):
        option(grant("git", effect=effect))


def test_grant_line_names_the_variables_that_are_missing():
    asked = request("git", "log", env={"GIT_DIR": "x", "B": "y"})
    assert grant_line(asked) == '--allow-command "git log"'
    assert grant_line(asked, [b"GIT_DIR", b"B"]) == (
        '--allow-command "git log" --allow-command-env git:B --allow-command-env git:GIT_DIR'
    )
    assert grant_line(asked, [b"LD_PRELOAD"]).startswith("no option can grant it: LD_PRELOAD")
    assert grant_line(asked, [b"A:B"]).startswith("no option can grant it")
    assert grant_line(request("true")) == "--allow-command =true"
