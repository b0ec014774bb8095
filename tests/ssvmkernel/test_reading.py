"""What the kernel takes a text for: its steps, its comments and brackets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssvm_kernel.errors import UsageError
from ssvm_kernel.kernel.cells import Ask, Command, Exit, Guest, Language, Python, first_line, read_cell
from ssvm_kernel.kernel.scan import Whole, has_code, indent_of, whole
from ssvm_kernel.kernel.syntax import language_names, syntax_of


@pytest.mark.parametrize(
    ("code", "steps"),
    [
        ("", ()),
        ("\n \n", ()),
        ("fn main() {}", (Guest("fn main() {}\n", 0),)),
        ("\n\nfn main() {}\n", (Guest("fn main() {}\n", 2),)),
        ("%lang c -O 2", (Language("c -O 2"),)),
        ("%lang", (Language(""),)),
        ("%lang\tc\r\nint x;", (Language("c"), Guest("int x;\n", 1))),
        ("%lang c\n\nint x;", (Language("c"), Guest("\nint x;\n", 1))),
        ("\n%ssvm load a.wasm\n\n%ssvm run a -- x\n", (Command("load a.wasm"), Command("run a -- x"))),
        ("%ssvm grants\nint x;\n%lang c", (Command("grants"), Guest("int x;\n%lang c\n", 1))),
        ("%%c --opt 2\nint x;", (Guest("int x;\n", 1, "c --opt 2"),)),
        ("\n\n%%c\nint x;", (Guest("int x;\n", 3, "c"),)),
        ("%%ssvm c -- a b\nint x;", (Guest("int x;\n", 1, "c -- a b"),)),
        ("%%ssvm", (Guest("", 1, ""),)),
        ("%%c++", (Guest("", 1, "c++"),)),
        ("%lang c\n%%rust\nx", (Language("c"), Guest("x\n", 2, "rust"))),
        ("--engine?", (Ask("--engine"),)),
        ("?ssvm_process_run\n", (Ask("ssvm_process_run"),)),
        ("x??", (Ask("x"),)),
        ("exit", (Exit(),)),
        ("\n quit \n", (Exit(),)),
        ("let a = b?", (Guest("let a = b?\n", 0),)),
    ],
)
def test_steps_of_a_cell(code, steps) -> None:
    assert read_cell(code) == steps


@pytest.mark.parametrize(
    ("code", "source"), [("%%python\nx = 1\n", "x = 1\n"), ("%%py\n%%time\nx", "%%time\nx"), ("\n%%python", "")]
)
def test_python_is_marked(code, source) -> None:
    assert read_cell(code) == Python(source)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("!rm -rf .", "has no shell"),
        ("%lang c\n!ls", "has no shell"),
        ("%cd /", "%%python"),
        ("%load_ext ssvm_kernel", "this kernel has %ssvm already: leave out the line %load_ext ssvm_kernel"),
        ("%sx ls", "%%python"),
        ("%%python --x\n1", "takes no options"),
        ("%lang c\n%%python\n1", "first line"),
    ],
)
def test_what_is_refused_says_what_to_do(code, says) -> None:
    with pytest.raises(UsageError, match=says):
        read_cell(code)


@given(st.text(st.sampled_from("%lang ssvm\n?!{}\"'/\\*;()`r#c\r\t"), max_size=60))
def test_any_text_is_read_or_refused(code) -> None:
    for language in ("rust", "wat", "zig", "go", "unknown"):
        syntax = syntax_of(language)
        assert whole(code, syntax) in Whole
        indent_of(code, syntax)
        assert has_code(code, syntax) <= bool(code.strip())
    first_line(code)
    try:
        cell = read_cell(code)
    except UsageError:
        return
    if not isinstance(cell, Python):
        for step in cell:
            if isinstance(step, Guest):  # its lines are where the offset says that they are
                assert code.split("\n")[step.line_offset :] in (step.source.split("\n"), step.source.split("\n")[:-1])


@pytest.mark.parametrize(
    ("language", "text", "code"),
    [
        ("rust", "// one\n/* two /* three */ */\n", False),
        ("rust", "/* two /* three */ x */", False),
        ("c", "/* two /* three */ x */", True),
        ("c", "  \n", False),
        ("c", "// one\n#include <a.h>", True),
        ("c", '"// no comment"', True),
        ("c", "/* without end", True),
        ("wat", ";; one\n(; two (; three ;) ;)", False),
        ("wat", "// one", True),
        ("zig", "/* no comment in Zig */", True),
        ("unknown", "// who knows", True),
        ("unknown", "\n", False),
    ],
)
def test_comments(language, text, code) -> None:
    assert has_code(text, syntax_of(language)) is code


@pytest.mark.parametrize(
    ("language", "text", "status"),
    [
        ("rust", "fn main() {}", "complete"),
        ("rust", "fn main() {", "incomplete"),
        ("rust", 'fn main() { let a: &\'static str = "}"; }', "complete"),
        ("rust", "fn main() { let a = '{'; let b = '\\''; let c = '\\u{7b}'; }", "complete"),
        ("rust", 'fn main() { let a = r#"{"#; }', "complete"),
        ("rust", 'fn main() { let a = r#"}"; }', "incomplete"),
        ("rust", "use std::fs;", "incomplete"),
        ("rust", "use std::fs;\n\n", "complete"),
        ("rust", "// nothing", "complete"),
        ("rust", "fn main() {}}", "invalid"),
        ("rust", "fn main() { (]", "invalid"),
        ("rust", "fn main() {} /* open", "incomplete"),
        ("c", "#include <stdio.h>\n", "incomplete"),
        ("c", "int main(void) { return '}'; }", "complete"),
        ("c", 'int main(void) { puts("a', "incomplete"),
        ("wat", "(module)", "complete"),
        ("wat", '(module (func (export "a)")', "incomplete"),
        ("wat", "(module ;; )\n", "incomplete"),
        ("wat", "(module (; ) ;)", "incomplete"),
        ("zig", "pub fn main() void {\n  const a =\n    \\\\ { not one\n  ;\n}", "complete"),
        ("go", "func main() {\n x := `{`\n}", "complete"),
        ("ts", "let a = `{", "incomplete"),
        ("ts", "let a = 1;", "complete"),
        ("unknown", "anything", "complete"),
    ],
)
def test_a_text_is_whole_or_not(language, text, status) -> None:
    assert whole(text, syntax_of(language)).value == status


def test_indent_follows_the_brackets() -> None:
    assert indent_of("fn main() {\n    if x {", syntax_of("rust")) == "        "
    assert indent_of("fn main() {}", syntax_of("rust")) == ""


def test_every_language_that_is_shipped_is_known_here() -> None:
    for name in language_names():
        assert syntax_of(name).line_comment, f"tell the kernel of {name}'s comments in syntax.py"
        assert syntax_of(name).keywords


def test_lexers_exist() -> None:
    from pygments.lexers import get_lexer_by_name

    for name in ("c", "cpp", "rust", "wat", "zig", "go", "ts", "unknown"):
        get_lexer_by_name(syntax_of(name).lexer)
