"""Where a text's comments, strings and brackets are: enough to know whether it is whole, not to parse it."""

from __future__ import annotations

import enum
import functools
import re
from typing import Final

from ssvm_kernel.kernel.syntax import Syntax

__all__ = ["Whole", "has_code", "indent_of", "whole"]

_PAIRS: Final = {")": "(", "]": "[", "}": "{"}


class Whole(enum.Enum):
    """Whether a text could be run as it stands; the words are those of the protocol."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    INVALID = "invalid"


@functools.cache
def _token(syntax: Syntax) -> re.Pattern[str]:
    """Return what finds the next thing that is not plain text."""
    kinds = []
    if syntax.line_comment:
        kinds.append(rf"(?P<comment>{re.escape(syntax.line_comment)}[^\n]*)")
    if syntax.line_comment and syntax.block_comment[0]:
        kinds.append(rf"(?P<block>{re.escape(syntax.block_comment[0])})")
    if syntax.raw_line:
        kinds.append(rf"(?P<rawline>{re.escape(syntax.raw_line)}[^\n]*)")
    if syntax.raw_string:
        kinds.append(r'(?P<raw>\bb?r(?P<hashes>#*)".*?(?:"(?P=hashes)|(?P<openraw>\Z)))')
    if syntax.quoted_char:  # at most one character or escape: Rust's 'a may also be a lifetime
        kinds.append(r"(?P<char>'(?:\\(?:[^\n]|u\{[^}\n]*\}|x[0-9a-fA-F]+)|[^'\\\n])')")
    if syntax.backtick:
        kinds.append(r"(?P<tick>`[^`]*(?:`|(?P<opentick>\Z)))")
    kinds += [r'(?P<string>"(?:[^"\\]|\\.)*(?:"|(?P<openstring>\\?\Z)))', r"(?P<bracket>[()\[\]{}])"]
    return re.compile("|".join(kinds), re.DOTALL)


def has_code(text: str, syntax: Syntax) -> bool:
    """Tell whether there is anything but comments and blanks."""
    code = bool(text.strip())
    if not code or not syntax.line_comment:
        return code
    at = 0
    while token := _token(syntax).search(text, at):
        if text[at : token.start()].strip():
            return True
        found = token.groupdict()
        if found.get("block"):
            end = _block_end(text, token.end(), syntax)
            if end is None:
                return True  # the compiler says what is wrong
            at = end
        elif found["comment"] is not None:
            at = token.end()
        else:
            return True
    return bool(text[at:].strip())


def whole(text: str, syntax: Syntax) -> Whole:
    """Tell whether a text's brackets, strings and comments are closed, and whether there is a program in it."""
    opened = _opened(text, syntax)
    if opened is None:
        return Whole.INVALID
    if opened:
        return Whole.INCOMPLETE
    ended = text.endswith("\n\n") or not has_code(text, syntax)
    if ended or not syntax.entry or re.search(rf"\b{syntax.entry}\b", text):
        return Whole.COMPLETE
    return Whole.INCOMPLETE


def indent_of(text: str, syntax: Syntax) -> str:
    """Return the blanks that the next line begins with."""
    opened = _opened(text, syntax) or []
    return "    " * sum(bracket in _PAIRS.values() for bracket in opened)


def _opened(text: str, syntax: Syntax) -> list[str] | None:
    """Return what is open at the end, outermost first; None where something closes that was not opened."""
    opened: list[str] = []
    at = 0
    while token := _token(syntax).search(text, at):
        at = token.end()
        found = token.groupdict()
        if found.get("block"):
            end = _block_end(text, at, syntax)
            if end is None:
                return [*opened, "comment"]
            at = end
        elif any(found.get(name) is not None for name in ("openraw", "opentick", "openstring")):
            return [*opened, "text"]
        elif found["bracket"] in _PAIRS:
            if not opened or opened.pop() != _PAIRS[found["bracket"]]:
                return None
        elif found["bracket"]:
            opened.append(found["bracket"])
    return opened


def _block_end(text: str, at: int, syntax: Syntax) -> int | None:
    """Return the place after a comment that began before `at`, or None where it does not end."""
    opens, closes = map(re.escape, syntax.block_comment)
    depth = 1
    for mark in re.compile(f"{opens}|{closes}").finditer(text, at):
        if mark[0] == syntax.block_comment[1]:
            depth -= 1
        elif syntax.nested:
            depth += 1
        if not depth:
            return mark.end()
    return None
