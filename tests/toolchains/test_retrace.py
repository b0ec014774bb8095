"""A trap in code without line tables: the same cell runs again with them, when nobody can notice."""

from __future__ import annotations

import pytest

from ssvm_kernel.errors import CompileError, GuestTrap
from ssvm_kernel.guest import Guest
from ssvm_kernel.options import CompileTraits, RunTraits, parse
from ssvm_kernel.session import Session
from tests.toolchains.conftest import build

TRAP = """#include <stdio.h>

int main(int argc, char **argv) {
    puts("once");
    if (argc == 1)
        __builtin_trap();
    volatile int zero = 0;
    return 10 / zero;
}
"""
COMMAND = """#include <ssvm_process.h>
int main(int argc, char **argv) {
    ssvm_command command = {.program = "true"};
    ssvm_run(&command);
    __builtin_trap();
}
"""


@pytest.fixture
def session():
    session = Session()
    yield session
    session.close()


def guest(tmp_path, source: str, with_lines="the same") -> tuple[Guest, list[bytes]]:
    """Return a guest whose traps have no lines, and a list of what was compiled to find them."""
    compiled: list[bytes] = []

    def again() -> bytes:
        text = source if with_lines == "the same" else with_lines
        compiled.append(build("c", text, folder=tmp_path / "again").wasm)
        return compiled[-1]

    return Guest("g", build("c", source, "-g0", folder=tmp_path / "first").wasm, 0.0, "cell.c", again), compiled


def trap(session: Session, guest: Guest, *args: str, options: str = "") -> str:
    with pytest.raises(GuestTrap) as caught:
        session.run(guest, parse(options.split(), RunTraits).options, args)
    return str(caught.value)


@pytest.mark.usefixtures("c")
def test_the_line_is_found_and_the_guest_prints_once(tmp_path, session, capfd):
    it, compiled = guest(tmp_path, TRAP)
    assert "line 8 of the cell" in trap(session, it, "x")
    assert len(compiled) == 1
    said = capfd.readouterr()
    assert said.out.count("once") == 1
    assert "looking for the line" in said.err


@pytest.mark.usefixtures("c")
def test_it_is_not_run_again_when_it_could_do_something(tmp_path, session):
    it, compiled = guest(tmp_path, TRAP)
    (tmp_path / "folder").mkdir()
    assert " of the cell" not in trap(session, it, "x", options=f"--dir /d:{tmp_path / 'folder'}")
    it, asked = guest(tmp_path, COMMAND)
    assert " of the cell" not in trap(session, it, options="--allow-command true")
    assert " of the cell" not in trap(session, it, options="--no-raise")  # and denied is asked for, too
    assert compiled + asked == []


@pytest.mark.usefixtures("c")
def test_a_folder_to_read_is_no_reason_against_it(tmp_path, session):
    it, _ = guest(tmp_path, TRAP)
    (tmp_path / "folder").mkdir()
    assert "line 8 of the cell" in trap(session, it, "x", options=f"--dir /d:{tmp_path / 'folder'}:ro")


@pytest.mark.usefixtures("c")
@pytest.mark.parametrize(
    "other",
    [
        "int main(void) { return 0; }",
        "int main(int n, char **v) { volatile int zero = 0; return 10 / zero; }",
        COMMAND,
        "int main(void) { volatile int on = 1; while (on) ; }",
        "not C",
    ],
    ids=["no trap", "another trap", "a command", "no end", "no compile"],
)
def test_another_end_changes_nothing(tmp_path, session, monkeypatch, other):
    monkeypatch.setattr("ssvm_kernel.retrace._LONGEST", 0.5)
    it, _ = guest(tmp_path, TRAP, other)
    text = trap(session, it)
    assert "unreachable" in text
    assert " of the cell" not in text


@pytest.mark.usefixtures("c")
def test_an_interrupt_meanwhile_leaves_the_trap(tmp_path, session):
    def interrupted() -> bytes:
        raise KeyboardInterrupt

    it = Guest("g", build("c", TRAP, "-g0", folder=tmp_path).wasm, 0.0, "cell.c", interrupted)
    assert "unreachable" in trap(session, it)


@pytest.mark.usefixtures("c")
def test_a_trap_that_has_its_lines_is_not_looked_at_again(tmp_path, session):
    def never() -> bytes:
        raise CompileError("not needed")

    it = Guest("g", build("c", TRAP, folder=tmp_path).wasm, 0.0, "cell.c", never)
    assert " of the cell" in trap(session, it)


@pytest.mark.usefixtures("zig")
@pytest.mark.timeout(300)
def test_a_zig_cell_tells_the_lines_of_its_trap(session, capfd):
    source = """fn get(items: []const u8, at: usize) u8 {
    return items[at];
}
pub fn main(init: @import("std").process.Init) !void {
    const args = try init.minimal.args.toSlice(init.arena.allocator());
    if (get("abc", args.len + 6) == 0) return error.Zero;
}
"""
    it = session.compile("zig", source, CompileTraits(), "g")
    text = trap(session, it)
    assert [line for line in text.splitlines() if "cell" in line] == [
        "  in cell.get, line 3 of the cell",
        "  in cell.main, line 7 of the cell",
    ]
    assert "index out of bounds: index 7, len 3" in capfd.readouterr().err
