"""What the kernel knows of each language: comments, strings, brackets, words; tables that nothing is run for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ssvm_kernel.errors import UsageError
from ssvm_kernel.toolchains import registry

__all__ = ["Syntax", "language_names", "syntax_of"]


@dataclass(frozen=True)
class Syntax:
    """One language.

    Parameters
    ----------
    line_comment : str
        What begins a comment that ends with its line; empty for a language that nothing is known of.
    block_comment : tuple of str
        What such a comment begins and ends with.
    nested : bool
        Whether block comments nest.
    raw_line : str
        What begins a text that ends with its line.
    raw_string : bool
        Whether there are strings of the form ``r#"..."#``.
    backtick : bool
        Whether texts of several lines stand between backticks.
    quoted_char : bool
        Whether an apostrophe begins a character; Rust's may be a lifetime, WAT's nothing.
    entry : str
        The word without which a text is no whole program, for a console that must know when to run it.
    keywords : tuple of str
        For completion.
    lexer : str
        The Pygments lexer.
    """

    line_comment: str = ""
    block_comment: tuple[str, str] = ("/*", "*/")
    nested: bool = False
    raw_line: str = ""
    raw_string: bool = False
    backtick: bool = False
    quoted_char: bool = True
    entry: str = ""
    keywords: tuple[str, ...] = ()
    lexer: str = "text"


_C_WORDS: Final = (
    "#define #elif #else #endif #if #ifdef #ifndef #include #pragma #undef alignas alignof auto bool break case char "
    "const constexpr continue default do double else enum extern false float for goto if inline int int32_t int64_t "
    "int8_t long main nullptr printf register restrict return short signed size_t sizeof static static_assert struct "
    "switch true typedef typeof uint32_t uint64_t uint8_t union unsigned void volatile while"
)
_CPP_WORDS: Final = (
    "catch class co_await co_return co_yield concept consteval const_cast constinit decltype delete dynamic_cast "
    "explicit export friend mutable namespace new noexcept operator private protected public reinterpret_cast "
    "requires static_cast std template this throw try typeid typename using virtual"
)
_RUST_WORDS: Final = (
    "Box Err HashMap None Ok Option Result Some String Vec as assert assert_eq async await bool break char const "
    "continue crate dyn else enum eprintln extern f32 f64 false fn for format i128 i16 i32 i64 i8 if impl in isize "
    "let loop macro_rules main match mod move mut panic print println pub ref return self Self static str struct "
    "super trait true type u128 u16 u32 u64 u8 union unsafe use usize vec where while"
)
_WAT_WORDS: Final = (
    "block br br_if br_table call call_indirect data drop elem else end export f32 f64 func global global.get "
    "global.set i32 i32.add i32.and i32.clz i32.const i32.ctz i32.div_s i32.div_u i32.eq i32.eqz i32.ge_s i32.ge_u "
    "i32.gt_s i32.gt_u i32.le_s i32.le_u i32.load i32.load16_u i32.load8_u i32.lt_s i32.lt_u i32.mul i32.ne i32.or "
    "i32.popcnt i32.rem_s i32.rem_u i32.rotl i32.rotr i32.shl i32.shr_s i32.shr_u i32.store i32.store16 i32.store8 "
    "i32.sub i32.wrap_i64 i32.xor i64 i64.add i64.const i64.extend_i32_s i64.extend_i32_u i64.load i64.mul i64.store "
    "i64.sub f32.const f64.add f64.const f64.div f64.load f64.mul f64.sqrt f64.store f64.sub if import local "
    "local.get local.set local.tee loop memory memory.copy memory.fill memory.grow memory.size module mut nop offset "
    "param ref.func ref.null result return return_call select start table then type unreachable v128"
)
_ZIG_WORDS: Final = (
    "@as @import @intCast @ptrCast addrspace align allowzero and anyframe anyopaque anytype bool break callconv catch "
    "comptime const continue defer else enum errdefer error export extern f32 f64 false fn for i32 i64 if inline "
    "isize linksection main noalias noinline null opaque or orelse packed pub return std struct suspend switch test "
    "true try type u32 u64 u8 undefined union unreachable usize var void volatile while"
)
_GO_WORDS: Final = (
    "any append bool break byte case chan const continue copy default defer else error fallthrough false float64 fmt "
    "for func go goto if import int int32 int64 interface len main make map nil package panic range return rune "
    "select string struct switch true type uint8 uint32 uint64 var"
)
_TS_WORDS: Final = (
    "Array Map Set StaticArray abstract as bool break case catch class console const continue declare default do else "
    "enum export extends f32 f64 false for function get i16 i32 i64 i8 if implements import in instanceof interface "
    "let namespace new null of private protected public readonly return set static string super switch this throw "
    "true try type typeof u16 u32 u64 u8 unchecked usize var void while"
)


def _c(words: str, lexer: str) -> Syntax:
    return Syntax("//", entry="main", keywords=tuple(words.split()), lexer=lexer)


_TS: Final = Syntax("//", backtick=True, keywords=tuple(_TS_WORDS.split()), lexer="typescript")
_SYNTAX: Final = {
    "c": _c(_C_WORDS, "c"),
    "cpp": _c(f"{_C_WORDS} {_CPP_WORDS}", "cpp"),
    "rust": Syntax("//", nested=True, raw_string=True, entry="main", keywords=tuple(_RUST_WORDS.split()), lexer="rust"),
    "wat": Syntax(";;", ("(;", ";)"), nested=True, quoted_char=False, keywords=tuple(_WAT_WORDS.split()), lexer="wat"),
    "zig": Syntax("//", ("", ""), raw_line="\\\\", entry="main", keywords=tuple(_ZIG_WORDS.split()), lexer="zig"),
    "go": Syntax("//", backtick=True, entry="main", keywords=tuple(_GO_WORDS.split()), lexer="go"),
    "assemblyscript": _TS,
}
_OTHER_NAMES: Final = {"c++": "cpp", "cxx": "cpp", "tinygo": "go", "as": "assemblyscript", "ts": "assemblyscript"}


def syntax_of(language: str) -> Syntax:
    """Return what is known of a language, by any of its names; of one that nobody knows, nothing."""
    name = language.lower()
    if name not in _SYNTAX and name not in _OTHER_NAMES:
        try:
            name = registry.get(name).name
        except UsageError:
            return Syntax()
    return _SYNTAX.get(_OTHER_NAMES.get(name, name), Syntax())


def language_names() -> tuple[str, ...]:
    """Return the names that ``%%`` can be followed by, aliases of built-in languages included."""
    return tuple(sorted({*registry.names(), *registry.aliases()}))
