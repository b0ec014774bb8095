"""Plays one guest through the whole product: compiled, locked in a worker, asked about, run, written down."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from ssvm_kernel.capabilities.records import LedgerLine
from ssvm_kernel.deciders.base import Answer, Question, Wait
from ssvm_kernel.deciders.scripted import ScriptedDecider
from ssvm_kernel.display.surface import Bundle, TerminalSurface
from ssvm_kernel.display.survive import survivable_bundle
from ssvm_kernel.options import CompileTraits, parse
from ssvm_kernel.session import Session

__all__ = ["ENGINES", "Cell", "Played", "Stage", "command", "module_of"]

ENGINES = ("jit", "interpreter")
_TEXT = re.compile(r'\(text "((?:[^"\\]|\\.)*)"\)')
_FIRST_TEXT = 4096
_COMMON = (Path(__file__).parent / "common.wat").read_text()


def module_of(attack: str) -> str:
    """Return a whole module: the shared part, and a guest's own, which defines ``$attack``.

    ``(text "...")`` stands for a pointer to these bytes and a NUL.
    """
    places: dict[str, int] = {}
    at = _FIRST_TEXT

    def place(match: re.Match[str]) -> str:
        nonlocal at
        if match[1] not in places:
            places[match[1]] = at
            at += len(match[1].encode()) + 1
        return f"(i32.const {places[match[1]]})"

    body = _TEXT.sub(place, f"{_COMMON}\n{attack}")
    data = "\n".join(f'(data (i32.const {where}) "{text}\\00")' for text, where in places.items())
    return f"(module\n{body}\n{data})"


def command(*words: str, before: str = "") -> str:
    """Return a guest that runs one command; `before` is what it does first."""
    name, *arguments = (_quoted(word) for word in words)
    added = "".join(f'(call $argument (text "{argument}"))' for argument in arguments)
    return f'(func $attack {before} (call $program (text "{name}")) {added} (call $launch))'


def _quoted(text: str) -> str:
    plain = set(range(0x20, 0x7F)) - set(b'"\\')
    return "".join(chr(byte) if byte in plain else f"\\{byte:02x}" for byte in text.encode())


class Cell:
    """Where a cell's output goes: streams, and bundles that are replaced in place, as in a notebook."""

    def __init__(self) -> None:
        self.streams = {"stdout": "", "stderr": ""}
        self.bundles: list[Bundle] = []

    def write(self, stream: str, text: str) -> None:
        self.streams[stream] += text

    def show(self, bundle: Bundle) -> _Shown:
        self.bundles.append(survivable_bundle(bundle))  # as a notebook has it
        return _Shown(self, len(self.bundles) - 1)


@dataclass(frozen=True)
class _Shown:
    cell: Cell
    place: int

    def update(self, bundle: Bundle) -> None:
        self.cell.bundles[self.place] = survivable_bundle(bundle)


@dataclass(frozen=True)
class Played:
    """What came of a run.

    Parameters
    ----------
    stdout, stderr : str
        What the guest printed, and what the product said beside it.
    bundles : list of dict
        What was shown of commands, and the report.
    error : BaseException or None
        What the cell ended with.
    questions : list of Question
        What a person was asked.
    ledger : tuple of LedgerLine
        What was written down.
    """

    stdout: str
    stderr: str
    bundles: list[Bundle]
    error: BaseException | None
    questions: list[Question]
    ledger: tuple[LedgerLine, ...]

    @property
    def raised(self) -> str:
        """Name of the error, empty for none."""
        return type(self.error).__name__ if self.error is not None else ""

    @property
    def ends(self) -> list[str]:
        """How each request ended, by the ledger."""
        return [line.outcome.kind for line in self.ledger]

    @property
    def guest(self) -> list[str]:
        """Lines that the guest printed."""
        return self.stdout.splitlines()

    @property
    def everything(self) -> str:
        """All text of the cell."""
        shown = "\n".join(bundle["text/plain"] for bundle in self.bundles)
        return f"{self.stdout}\n{self.stderr}\n{shown}\n{self.error}"


class _Person:
    """A decider that is replaced for each run."""

    name = "scripted"

    def __init__(self) -> None:
        self.now = ScriptedDecider([])

    def decide(self, question: Question, wait: Wait) -> Answer | None:
        return self.now.decide(question, wait)


@dataclass
class Stage:
    """One session that is used again and again, without grants in between: a new worker is the cost of a test."""

    session: Session = field(init=False)
    cell: Cell = field(init=False)

    def __post_init__(self) -> None:
        self._person = _Person()
        self.session = Session(self._person)

    def play(
        self,
        attack: str,
        options: Sequence[str] = (),
        *,
        args: Sequence[str] = (),
        answers: Sequence[str] | Callable[[Question], str] = (),
        engine: str = "jit",
        keep: bool = False,
        whole: bool = False,
    ) -> Played:
        """Run a guest as a cell would.

        Parameters
        ----------
        attack : str
            Its source without the shared part.
        options, args : sequence of str
            As words of the magic's line; the guest's own arguments.
        answers : sequence of str, or callable
            What the person answers, see `ScriptedDecider`; a question that nobody expected fails the test.
        engine : str
            Which engine.
        keep : bool
            Whether the session's grants of earlier runs stay.
        whole : bool
            Whether `attack` is a whole module already.
        """
        if not keep:
            self.session.grants.clear()
        self._person.now = ScriptedDecider(answers)
        written = len(self.session.ledger)
        traits = parse(["--engine", engine, *options], CompileTraits).options
        assert isinstance(traits, CompileTraits)
        error: BaseException | None = None
        self.cell = Cell()
        stand_in = {"live": True, "write": _write_to(self.cell), "show": _show_in(self.cell)}
        with patch.multiple(TerminalSurface, **stand_in):
            try:
                source = attack if whole else module_of(attack)
                guest = self.session.compile("wat", source, traits, traits.name or "attacker")
                self.session.run(guest, traits, tuple(args), "In [1]")
            except LookupError:
                raise
            except (Exception, KeyboardInterrupt) as raised:  # noqa: BLE001 - what it was is the test's matter
                error = raised
        lines = self.session.ledger.lines()[written:]
        streams, questions = self.cell.streams, list(self._person.now.questions)
        return Played(streams["stdout"], streams["stderr"], self.cell.bundles, error, questions, lines)

    def close(self) -> None:
        """End the workers."""
        self.session.close()


def _write_to(cell: Cell) -> Callable[..., None]:
    return lambda _, stream, text: cell.write(stream, text)


def _show_in(cell: Cell) -> Callable[..., _Shown]:
    return lambda _, bundle: cell.show(bundle)
