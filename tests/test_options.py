"""Options: one definition gives parser, help and defaults."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssvm_kernel.errors import UsageError
from ssvm_kernel.optionline import options_line
from ssvm_kernel.options import CompileTraits, RunTraits, help_text, parse, split_line

LINE = (
    'rust --dir data:/tmp/x:ro --dir=. --env A=1 --allow-command "git status" --no-raise --engine INTERPRETER '
    "-- -x --y z"
)


def test_a_whole_line() -> None:
    parsed = parse(split_line(LINE), CompileTraits)
    assert parsed.words == ("rust",)
    assert parsed.guest_args == ("-x", "--y", "z")
    assert parsed.options.dirs == ["data:/tmp/x:ro", "."]
    assert parsed.options.env == ["A=1"]
    assert parsed.options.allow_command == ["git status"]
    assert parsed.options.no_raise
    assert parsed.options.engine == "interpreter"


def test_nothing_is_granted_by_default() -> None:
    options = parse([], RunTraits).options
    assert not options.dirs
    assert not options.env
    assert not options.allow_command
    assert not options.allow_command_env
    assert options.allow_command_all is False


def test_defaults_are_not_shared_between_lines() -> None:
    parse(["--dir", "a"], RunTraits)
    assert parse([], RunTraits).options.dirs == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--engin jit", "did you mean --engine"),
        ("--alow-command x", "did you mean --allow-command"),
        ("--xyzzy", "see --help"),
        ("--dir", "needs a value"),
        ("--dir --no-raise x", "--dir needs a value, and --no-raise is an option: .*write --dir=--no-raise"),
        ("--name --env=A", "--name needs a value, and --env=A is an option"),
        ("--call add -5 2", "there is no option -5; numbers and other words for the guest follow --"),
        ("--engine quick", "does not take 'quick'"),
        ("--memory-limit much", "does not take 'much'"),
        ("--memory-limit 0", "does not take '0', but a whole number from 1 to 4,096: --memory-limit MIB"),
        ("--table-limit x", "does not take 'x', but a whole number from 0 to 100,000,000: --table-limit "),
        ("--fuel -1", "does not take '-1', but a whole number from 0 on:"),
        ("--seconds 1e9", "does not take '1e9', but a number from 0.1 to 3,600:"),
        ("-x", "there is no option -x; see --help"),
        ("--name a\\", "No escaped character. Write it twice"),
        ("--no-raise=yes", "takes no value"),
        ("--time-limit inf", "does not take 'inf'"),
        ("--time-limit nan", "does not take 'nan'"),
        ("--time-limit -1", "does not take '-1'"),
        ("--stack-limit 4096", "does not take '4096'"),
        ('--env "A', "Close the quotation"),
    ],
)
def test_a_mistake_says_what_to_do(line: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse(split_line(line), RunTraits)


def test_a_value_may_begin_as_options_do() -> None:
    parsed = parse(split_line("c --cflags --allow-assembly --name=--no-raise -- -5"), CompileTraits)
    assert parsed.options.cflags == ["--allow-assembly"]
    assert (parsed.options.name, parsed.options.no_raise, parsed.guest_args) == ("--no-raise", False, ("-5",))


def test_every_trait_is_an_option_with_help() -> None:
    text = help_text("usage", CompileTraits)
    for name, trait in CompileTraits.class_traits().items():
        assert trait.help, name
        assert f"  {trait.metadata['flag']}" in text
        assert trait.help.split()[0] in text


def test_options_are_written_as_they_were_read_without_secrets() -> None:
    line = "--dir 'a b:/x:ro' --env A=secret --allow-command 'git status' --time-limit 2.5 --no-raise --deny-all"
    options = parse(split_line(line), RunTraits).options
    written = options_line(options, leave=["deny_all"])
    assert "secret" not in written
    again = parse(split_line(written), RunTraits).options
    assert (again.dirs, again.env, again.allow_command) == (["a b:/x:ro"], ["A"], ["git status"])
    assert (again.time_limit, again.no_raise, again.deny_all) == (2.5, True, False)
    assert options_line(parse([], RunTraits).options) == ""


@given(st.lists(st.text(max_size=20), max_size=6))
def test_guest_arguments_pass_untouched(arguments: list[str]) -> None:
    assert parse(["wat", "--", *arguments], RunTraits).guest_args == tuple(arguments)


@given(st.lists(st.text(max_size=12), max_size=6))
def test_any_words_are_parsed_or_refused(words: list[str]) -> None:
    with contextlib.suppress(UsageError):  # any other exception fails the test
        parse(words, RunTraits)


def test_the_engines_that_options_name_are_those_that_there_are() -> None:
    from ssvm_kernel.enginechoice import ENGINES, engines_of
    from ssvm_kernel.sandbox import engines

    assert ENGINES == engines.ENGINES
    assert engines_of("both") == ("jit", "interpreter")
    assert engines_of("all") == ENGINES
    assert parse(["--engine", "JIT,Interpreter"], RunTraits).options.engine == "jit,interpreter"
    for wrong in ("", "jit,", "jit,jit", "both,jit", "fast"):
        with pytest.raises(UsageError, match="--engine does not take"):
            parse([f"--engine={wrong}"], RunTraits)
