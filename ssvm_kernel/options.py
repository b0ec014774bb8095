"""The options of ``%%ssvm`` and ``%ssvm run``: each a trait, from which parser, help and documentation are made."""

from __future__ import annotations

import functools
import itertools
import shlex
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

from traitlets import Bool, Float, HasTraits, Int, List, TraitError, TraitType, Unicode

from ssvm_kernel.enginechoice import Engines
from ssvm_kernel.errors import UsageError
from ssvm_kernel.optionvalues import expected, instead_of, value_of

__all__ = [
    "CompileTraits",
    "LineTraits",
    "Parsed",
    "RunTraits",
    "flags_of",
    "help_text",
    "option_help",
    "parse",
    "split_line",
]

_WIDTH: Final = 96


class LineTraits(HasTraits):
    """The options of one command; each trait with a ``flag`` is one of them."""

    without: ClassVar[frozenset[str]] = frozenset()
    """Names of inherited options that the command does not have; they keep their defaults."""


Traits = TypeVar("Traits", bound=LineTraits)


class RunTraits(LineTraits):
    """What may be said about one run of a guest."""

    engine = Engines(
        "jit",
        help="Engine that runs the guest: machine code by Cranelift (jit), the same without optimisation (jit-o0), or "
        "the Pulley interpreter. With several (both is jit,interpreter; all is every one) it runs in each in turn, and "
        "the first one's timings are compared with the others'.",
    ).tag(flag="--engine", metavar="jit|jit-o0|interpreter|both|all")
    call = Unicode(
        "",
        help="Call this exported function instead of running the guest from its start, after _initialize where there "
        "is one; the guest's arguments are its numbers, and its results are printed one a line.",
    ).tag(flag="--call", metavar="FUNCTION")
    samples = Int(
        30,
        min=5,
        max=1000,
        help="With several engines: most samples of each; fewer are taken when the ratio is known to 2 %.",
    ).tag(flag="--samples", metavar="N")
    seconds = Float(
        10.0,
        min=0.1,
        max=3600.0,
        help="With several engines: seconds after which no more samples are taken once there are 5 of each. After six "
        "times as long it ends with those that there are.",
    ).tag(flag="--seconds", metavar="SECONDS")
    profile = Bool(
        False,
        help="Show where the guest spends its time, from a sample of its stack each millisecond. It runs up to three "
        "times as long meanwhile.",
    ).tag(flag="--profile")
    profile_out = Unicode(
        "",
        help="Also save the profile to this .json file, which profiler.firefox.com opens.",
    ).tag(flag="--profile-out", metavar="FILE")
    dirs = List(
        Unicode(),
        help="Grant a folder: the guest sees the host's folder HOST as GUEST and may read and write in it, "
        "or only read with :ro. PATH alone means the same path on both sides.",
    ).tag(flag="--dir", metavar="GUEST:HOST[:ro]")
    pick = Bool(
        False,
        help="Let you pick a folder before the run, if the guest can use folders and has none. It keeps what you "
        "pick for the session, as with %ssvm pick NAME.",
    ).tag(flag="--pick")
    env = List(
        Unicode(),
        help="Grant an environment variable: the kernel's own value of NAME, or the VALUE given.",
    ).tag(flag="--env", metavar="NAME[=VALUE]")
    stdin = Unicode(
        None,
        allow_none=True,
        help="Give the guest TEXT to read as its stdin, as it stands; by default that is empty.",
    ).tag(flag="--stdin", metavar="TEXT")
    stdin_file = Unicode(
        "",
        help="Give the guest the content of a file to read as its stdin, and nothing else of the file's folder.",
    ).tag(flag="--stdin-file", metavar="PATH")
    stdin_var = Unicode(
        "",
        help="Give the guest the value of a Python variable, str or bytes, to read as its stdin.",
    ).tag(flag="--stdin-var", metavar="NAME")
    ins = List(
        Unicode(),
        help="Give the guest a Python variable: as the file /vars/FILE, or without FILE as its stdin. Bytes and text "
        "go as they are, tables as Arrow, the rest as JSON; .json, .arrow, .csv or .txt at the end of FILE, or alone, "
        "decides.",
    ).tag(flag="--in", metavar="NAME[=FILE]")
    outs = List(
        Unicode(),
        help="Put what the guest wrote to the file /vars/FILE, or without FILE to its stdout, into a Python variable; "
        "the end of FILE decides, as with --in. By default it is text, or else bytes.",
    ).tag(flag="--out", metavar="NAME[=FILE]")
    interactive = Bool(
        False,
        help="Let the guest ask you: whenever it reads its stdin you get a box to type a line in; ^D ends its input.",
    ).tag(flag="--interactive")
    allow_command = List(
        Unicode(),
        help='Grant a host command: "git" with any arguments, "git status" with exactly these, "git log ..." '
        'with these first, "=date" with none.',
    ).tag(flag="--allow-command", metavar="COMMAND")
    allow_command_all = Bool(
        False,
        help="Grant every host command. There is then no sandbox for commands: the guest can do all that you can.",
    ).tag(flag="--allow-command-all")
    allow_command_env = List(
        Unicode(),
        help="Let the guest set the environment variable NAME for the commands that it runs, or for PROGRAM only. "
        "Variables of the loader (LD_PRELOAD ...) are never passed on.",
    ).tag(flag="--allow-command-env", metavar="[PROGRAM:]NAME")
    allow_models = Bool(
        False,
        help="Let the guest have models (TensorFlow Lite, TensorFlow, ONNX) computed and JPEG and PNG pictures decoded "
        "by libraries of this computer, inside its own locked process.",
    ).tag(flag="--allow-models")
    allow_network = List(
        Unicode(),
        help="Grant connections by TCP to one host and port, for components (WASI 0.2); * is every port of the host. "
        "A name is none for addresses of this computer and its neighbours, which are granted by themselves.",
    ).tag(flag="--allow-network", metavar="HOST:PORT")
    deny_network = Bool(
        False,
        help="Let the guest have no network: it is not asked for, and its process has no way to a socket.",
    ).tag(flag="--deny-network")
    display = Bool(
        False,
        help="Let the guest show pictures (PNG, SVG), tables (CSV), JSON, Markdown and HTML in the cell, through the "
        "module ssvm_display. HTML is shown in a frame without scripts, forms and links.",
    ).tag(flag="--display")
    display_limit = Int(
        8,
        min=1,
        max=64,
        help="Most MiB that the guest may show, all together.",
    ).tag(flag="--display-limit", metavar="MIB")
    display_from_stdout = Bool(
        False,
        help="With --display, show what the guest prints between a line EVCXR_BEGIN_CONTENT TYPE and a line "
        "EVCXR_END_CONTENT, as evcxr does: for guests that are written for it.",
    ).tag(flag="--display-from-stdout")
    command_timeout = Int(
        60_000,
        min=1,
        help="Most milliseconds for one command, whatever the guest asks for.",
    ).tag(flag="--command-timeout", metavar="MS")
    command_output_limit = Int(
        256,
        min=1,
        max=2048,
        help="Most MiB of a command's stdout, and as many of its stderr, that are kept for the guest.",
    ).tag(flag="--command-output-limit", metavar="MIB")
    signal_codes = Bool(
        False,
        help="Tell the guest that a signal killed its command, by the status 128 + the signal's number. By default it "
        "gets 0, as with SSVM; you see the signal's name in either case.",
    ).tag(flag="--signal-codes")
    max_commands = Int(
        10_000,
        min=0,
        help="Most commands of one run, denied ones included; with one more, the run is ended.",
    ).tag(flag="--max-commands", metavar="N")
    memory_limit = Int(
        1024,
        min=1,
        max=4096,
        help="Most MiB for each linear memory of the guest; to grow beyond it fails, as on a full machine.",
    ).tag(flag="--memory-limit", metavar="MIB")
    table_limit = Int(
        1_000_000,
        min=0,
        max=100_000_000,
        help="Most elements for each table of the guest.",
    ).tag(flag="--table-limit", metavar="N")
    stack_limit = Int(
        512,
        min=16,
        max=2048,
        help="Most KiB of stack for the guest's calls.",
    ).tag(flag="--stack-limit", metavar="KIB")
    time_limit = Float(
        3600.0,
        min=0.0,
        help="Most seconds for the run, with its commands, without the time in which you are asked; 0 for no limit.",
    ).tag(flag="--time-limit", metavar="SECONDS")
    fuel = Int(
        0,
        min=0,
        max=2**63 - 1,
        help="Most fuel, about one unit for each instruction: the same run then ends at the same place everywhere. "
        "0 does not count, which is two to three times as fast.",
    ).tag(flag="--fuel", metavar="N")
    output_limit = Int(
        1_000_000,
        min=0,
        help="Most bytes that the cell shows of what the guest prints; the rest is counted.",
    ).tag(flag="--output-limit", metavar="BYTES")
    result_limit = Int(
        1_000_000,
        min=0,
        help="Most bytes of stdout, and as many of stderr, that the result keeps for Python; never less than the cell "
        "shows.",
    ).tag(flag="--result-limit", metavar="BYTES")
    result_name = Unicode(
        "",
        help="Put the result of the run (.stdout, .exit_code, .commands, .timings ...) into the Python variable NAME; "
        "it is in _ as well, and an error has it as .result.",
    ).tag(flag="-o", metavar="NAME")
    deny_all = Bool(
        False,
        help="Dry run: deny every command without asking, whatever was granted, and list at the end all that the guest "
        "tried, with the options that would grant it.",
    ).tag(flag="--deny-all")
    name = Unicode(
        "",
        help="Name of the guest, for %ssvm run NAME and in prompts; by default the cell's number.",
    ).tag(flag="--name", metavar="NAME")
    no_raise = Bool(
        False,
        help="Do not fail the cell when the guest exits with a status other than 0 or when something was denied.",
    ).tag(flag="--no-raise")


class CompileTraits(RunTraits):
    """What may be said about a cell that is compiled and run."""

    opt = Unicode(
        "",
        help="Optimisation level in the compiler's words (C, C++, Rust, AssemblyScript: 0 to 3, s, z; Zig: "
        "debug, safe, fast, small; Go: 0, 1). Without it compilers make fast code; only Zig "
        "then compiles quickly instead.",
    ).tag(flag="--opt", metavar="LEVEL")
    cflags = List(
        Unicode(),
        help="Further flags for the compiler, as one quoted text.",
    ).tag(flag="--cflags", metavar="FLAGS")
    wit = Unicode(
        "",
        help="Make a component of the cell, whose functions have the types of this WIT file: one of the session "
        "(--file) or of this machine. The WIT can also stand in the cell's first lines, below a line //! [wit].",
    ).tag(flag="--wit", metavar="FILE")
    file = Unicode(
        "",
        help="Keep the cell as a file of the session under this name instead of running it: later cells say #include "
        '"NAME", mod, @import or what their language has for it.',
    ).tag(flag="--file", metavar="NAME")


@dataclass(frozen=True)
class Parsed(Generic[Traits]):
    """A parsed line: the words before the options, the options, and the guest's own arguments."""

    words: tuple[str, ...]
    options: Traits
    guest_args: tuple[str, ...]
    help: bool


def split_line(line: str) -> list[str]:
    """Split a magic's line into words as a shell would.

    Raises
    ------
    UsageError
        When a quotation is not closed.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        remedy = "Write it twice" if "escaped" in str(error) else "Close the quotation"
        raise UsageError(f"the line cannot be split into words: {error}. {remedy}") from None


def parse(words_in: Iterable[str], traits: type[Traits], *, ends_at_word: bool = False) -> Parsed[Traits]:
    """Parse the words of a line.

    Parameters
    ----------
    words_in : iterable of str
        Words; those after ``--`` belong to the guest.
    traits : type
        A subclass of `LineTraits`: which options there are.
    ends_at_word : bool
        As on a command line that runs a program: all that follows the first word belongs to the guest, ``--`` too.

    Raises
    ------
    UsageError
        For an unknown option (with the nearest known one), a missing or a wrong value.
    """
    flags = flags_of(traits)
    options = traits()
    words: list[str] = []
    rest = list(words_in)
    guest_args: list[str] = []
    if "--" in rest and not ends_at_word:
        cut = rest.index("--")
        rest, guest_args = rest[:cut], rest[cut + 1 :]
    wants_help = False
    stream = iter(rest)
    for word in stream:
        if ends_at_word and (word == "--" or not word.startswith("-")):
            words += itertools.islice(stream, 1) if word == "--" else [word]
            guest_args = list(stream)
        elif word in ("--help", "-h"):
            wants_help = True
        elif word.startswith("-") and word != "-":
            _take_option(options, flags, word, stream)
        else:
            words.append(word)
    return Parsed(tuple(words), options, tuple(guest_args), wants_help)


def help_text(usage: str, traits: type[LineTraits]) -> str:
    """Return the help of a command: its usage, then every option with its default."""
    lines = [f"usage: {usage}", ""]
    return "\n".join([*lines, *(option_help(traits, flag) for flag in flags_of(traits))])


def option_help(traits: type[LineTraits], flag: str) -> str:
    """Return the help of one option, with its default."""
    trait = traits.class_traits()[flags_of(traits)[flag]]
    metavar = trait.metadata.get("metavar", "")
    head = f"  {flag} {metavar}".rstrip() + (" ..." if isinstance(trait, List) else "")
    default = trait.default_value
    shown = f" (default: {default})" if not isinstance(trait, (Bool, List)) and default not in ("", None) else ""
    text = f"{trait.help}{shown}"
    return "\n".join([head, *textwrap.wrap(text, _WIDTH, initial_indent="      ", subsequent_indent="      ")])


@functools.cache
def flags_of(traits: type[LineTraits]) -> Mapping[str, str]:
    """Return option spellings and the names of the traits behind them, in the order of definition."""
    found: dict[str, str] = {}
    for cls in reversed(traits.__mro__):
        for name, value in vars(cls).items():
            if isinstance(value, TraitType) and "flag" in value.metadata:
                found[value.metadata["flag"]] = name
    return {flag: name for flag, name in found.items() if name not in traits.without}


def _take_option(options: LineTraits, flags: Mapping[str, str], word: str, rest: Iterator[str]) -> None:
    flag, has_value, value = word.partition("=")
    if flag not in flags:
        raise UsageError(f"there is no option {flag}; {instead_of(flag, flags)}")
    name = flags[flag]
    trait: Any = options.traits()[name]
    if isinstance(trait, Bool):
        if has_value:
            raise UsageError(f"{flag} takes no value")
        setattr(options, name, True)
        return
    if not has_value:
        try:
            value = next(rest)
        except StopIteration:
            raise UsageError(f"{flag} needs a value: {flag} {trait.metadata['metavar']}") from None
        if value.partition("=")[0] in flags:
            usage = f"{flag} {trait.metadata['metavar']}"
            raise UsageError(f"{flag} needs a value, and {value} is an option: {usage} (or write {flag}={value})")
    try:
        if isinstance(trait, List):
            setattr(options, name, [*getattr(options, name), value])
        else:
            setattr(options, name, value_of(trait)(value))
    except (TraitError, ValueError):
        why = f"{flag} does not take {value!r}{expected(trait)}: {flag} {trait.metadata['metavar']}"
        raise UsageError(f"{why}. {trait.help}") from None
