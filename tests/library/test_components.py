"""Components: functions with the types of an interface, and commands."""

from __future__ import annotations

import msgspec
import pytest

from ssvm_kernel.errors import GuestError, GuestExit, GuestTrap, LoadError, UsageError, WorkerDied
from ssvm_kernel.guest import Guest
from ssvm_kernel.library.component import component_functions
from ssvm_kernel.library.wit import Case, type_from
from ssvm_kernel.options import RunTraits

from . import components


@pytest.fixture(scope="module")
def guest(library):
    return library(components.LIBRARY, "component")


def test_functions_with_their_types(guest):
    assert repr(guest.exports).splitlines() == [
        "next() -> u32",
        "same(text: string) -> string",
        "older(who: record {first-name: string, age: u32}) -> record {first-name: string, age: u32}",
        "half(n: u32) -> result<u32, string>",
        "same-list(values: list<f64>) -> list<f64>",
        "same-bytes(data: list<u8>) -> list<u8>",
        "same-pair(both: tuple<u32, u32>) -> tuple<u32, u32>",
        "same-colour(which: enum {red, light-green}) -> enum {red, light-green}",
        "same-access(what: flags {read, write}) -> flags {read, write}",
        "same-bool(yes: bool) -> bool",
        "same-char(letter: char) -> char",
        "boom()",
    ]
    assert str(guest.same_pair.__signature__) == "(both: tuple<u32, u32>, *, fresh=False) -> tuple<u32, u32>"


def test_values(guest):
    assert guest.same("häuser") == "häuser"
    ada = guest.older({"first-name": "Ada", "age": 36})
    assert (ada, ada.first_name, ada.age) == ({"first-name": "Ada", "age": 37}, "Ada", 37)
    assert guest.older(who=ada)["age"] == 38
    assert guest.same_list([1, 2.5]) == [1.0, 2.5]
    assert guest.same_bytes(bytearray(b"\0\xff")) == b"\0\xff"
    assert guest.same_pair((1, 2**32 - 1)) == (1, 2**32 - 1)
    assert guest.same_colour("light-green") == "light-green"
    assert guest.same_access({"write"}) == {"write"}
    assert (guest.same_bool(True), guest.same_bool(False)) == (True, False)
    assert guest.same_char("ß") == "ß"
    assert guest.same.map(["a", "b"]) == ["a", "b"]
    np = pytest.importorskip("numpy")
    assert guest.same_list(np.arange(3)) == [0.0, 1.0, 2.0]


def test_a_result_is_a_value_or_an_error(guest):
    assert guest.half(8) == 4
    with pytest.raises(GuestError, match="half returned an error: odd") as failed:
        guest.half(7)
    assert failed.value.value == "odd"
    assert guest.half(6) == 3


def test_state_and_traps(guest, capsys):
    guest.reset()
    assert [guest.next(), guest.next(), guest.next(fresh=True), guest.next()] == [1, 2, 1, 3]
    assert guest.next.map([()] * 2, fresh=True) == [1, 1]
    with pytest.raises(GuestTrap, match="unreachable"):
        guest.boom(fresh=True)
    assert guest.next() == 4
    guest.reset()
    assert guest.next() == 1
    with pytest.raises(GuestTrap, match="unreachable"):
        guest.boom()
    assert guest.next() == 1
    assert "a new instance of component begins" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("same", b"x", "same: text takes string, and bytes"),
        ("same", "\ud800", "takes string"),
        ("older", {"age": 1}, "first-name is missing"),
        ("older", {"first-name": "A", "age": -1}, "who age takes u32, and -1 is not in 0 … 4294967295"),
        ("same_list", "12", "takes list<f64>"),
        ("same_list", [1, "x"], "takes f64"),
        ("same_list", [0.0] * ((1 << 20) + 1), "at most 1,048,576 items"),
        ("same_bytes", bytes((1 << 20) + 1), "at most 1 MiB"),
        ("same_bytes", "x", "takes list<u8>"),
        ("same_pair", (1,), "takes tuple<u32, u32>"),
        ("same_colour", "blue", r"takes enum \{red, light-green\}"),
        ("same_access", {"run"}, "takes flags"),
        ("same_bool", 1, "takes bool"),
        ("same_char", "ab", "takes char"),
        ("half", True, "takes u32"),
    ],
)
def test_what_is_refused_says_why(guest, name, value, text):
    with pytest.raises(UsageError, match=text):
        guest.exports[name](value)


def test_what_is_granted_of_the_environment(library):
    guest = library(components.ENVIRONMENT, "environment")
    assert guest.variables() == []
    assert guest.open(env=["A=b", "C=d"]).variables() == [("A", "b"), ("C", "d")]
    assert "of demo:test/shows@1.0.0" in repr(guest.exports)


def test_its_memory_is_its_own(guest):
    with pytest.raises(UsageError, match="its functions pass values"):
        guest.memory.read(0, 1)


def test_commands(session, library, guest):
    assert library(components.command("(i32.const 0)"), "good").run().exit_code == 0
    with pytest.raises(GuestExit) as ended:
        library(components.command("(i32.const 1)"), "bad").run()
    assert ended.value.exit_code == 1
    with pytest.raises(GuestTrap, match="unreachable"):
        library(components.command("unreachable"), "ugly").run()
    with pytest.raises(LoadError, match=r"exports no wasi:cli/run, so there is nothing to run .*same"):
        session.run(guest._guest, RunTraits())


def test_the_network_is_not_there(library):
    guest = library(components.NETWORK, "network")
    with pytest.raises(LoadError, match=r"(?s)wasi:http/outgoing-handler.*This guest has no network|expected 2-tuple"):
        guest.f()


def test_what_a_hostile_process_describes_and_answers(guest):
    for tree in (["record", 5], ["list"], ["nothing", []], 7, [[]], ["enum", 3], ["variant", [["a"]]], ["tuple", "x"]):
        with pytest.raises((UsageError, ValueError, TypeError, KeyError)):
            type_from(tree)
    deep = "u8"
    for _ in range(100):
        deep = ["option", deep]
    with pytest.raises(ValueError, match="without end"):
        type_from(deep)
    result = guest.exports["older"]._result
    for answer in ([], ["A"], ["A", "x"], ["A", -1], [1, 2], {"a": 1}, None, "x"):
        with pytest.raises((ValueError, TypeError, KeyError)):
            result.lift(answer)


def test_cases():
    shape = type_from(["variant", [["circle", "f64"], ["nothing", None]]])
    assert shape.text == "variant {circle(f64), nothing}"
    assert (shape.lower(Case("circle", 2)), shape.lower("nothing")) == (["circle", 2.0], ["nothing", None])
    assert shape.lift(["circle", 1.0]) == Case("circle", 1.0)
    for wrong in ("square", Case("nothing", 1), 5, ("circle", "x")):
        with pytest.raises(UsageError):
            shape.lower(wrong)
    option = type_from(["option", "string"])
    assert (option.lower(None), option.lower("a"), option.lift(["some", "b"])) == (["none", None], ["some", "a"], "b")
    assert type_from(["result", [["ok", None], ["err", "string"]]]).text == "result<_, string>"


def test_x04_an_error_in_a_guest_s_words_is_inert(guest):
    with pytest.raises(GuestError) as raised:
        guest.half._checked(Case("err", "\x1b[2Jgone"))
    assert raised.value.value == "\x1b[2Jgone"
    assert "\x1b" not in str(raised.value)


def test_types_in_types_are_looked_at_once():
    tree = "u8"
    for _ in range(40):
        tree = ["result", [["ok", tree], ["err", None]]]
    assert type_from(tree).text.startswith("result<result<")


def test_a_process_that_describes_without_end_is_not_listened_to():
    class Lying:
        guest = Guest("g", b"")
        closed = False

        def describe(self):
            return msgspec.msgpack.encode([[]] * 2_000_000)

        def close(self):
            self.closed = True

    lying = Lying()
    with pytest.raises(WorkerDied):
        component_functions(lying)
    assert lying.closed
