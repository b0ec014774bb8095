"""The guest's text takes a shorter way than ``print``: nothing may overtake, or miss who takes output away."""

from __future__ import annotations

import pytest

from .guests import HELLO


@pytest.fixture(scope="module", autouse=True)
def hi(kernel) -> None:
    kernel.run("%load_ext ssvm_kernel")
    kernel.run(f"%%ssvm wat --name hi\n{HELLO}")


def streams(kernel) -> str:
    """Return the text that came as stream messages, in order."""
    return "".join(m["content"]["text"] for m in kernel.messages if m["msg_type"] == "stream")


def run(cells, code: str) -> str:
    cells.run(f"%%ssvm wat --name hi\n{HELLO}")  # each test has a new session
    cells.messages.clear()
    cells.run(code)
    return streams(cells)


def test_prints_and_guests_come_in_the_order_of_the_cell(cells) -> None:
    code = "for n in range(20):\n    print('before', n)\n    get_ipython().run_line_magic('ssvm', 'run hi')"
    assert run(cells, code) == "".join(f"before {n}\nhello\n" for n in range(20))


def test_a_line_that_is_not_complete_comes_before_the_guests(cells) -> None:
    assert run(cells, "print('three', end='')\n%ssvm run hi\nprint('four')") == "threehello\nfour\n"


@pytest.mark.parametrize(
    ("imports", "context", "text"),
    [
        ("import io, contextlib", "contextlib.redirect_stdout(io.StringIO())", "taken.getvalue()"),
        ("from IPython.utils.capture import capture_output", "capture_output()", "taken.stdout"),
    ],
)
def test_who_takes_output_away_gets_the_guests_too(cells, imports: str, context: str, text: str) -> None:
    code = f"{imports}\nwith {context} as taken:\n    get_ipython().run_line_magic('ssvm', 'run hi')\n"
    assert run(cells, f"{code}print('taken:', {text})").startswith("taken: hello\n")


def test_the_message_is_that_of_print(cells) -> None:
    cells.run(f"%%ssvm wat --name hi\n{HELLO}")
    forms = []
    for code in ("%ssvm run hi", "print('hello')"):
        cells.messages.clear()
        cells.run(code)
        (message,) = [m for m in cells.messages if m["msg_type"] == "stream"]
        request = message["parent_header"]["msg_id"]
        assert any(m["msg_type"] == "execute_input" and m["parent_header"]["msg_id"] == request for m in cells.messages)
        forms.append((message["content"], sorted(message["header"]), sorted(message["parent_header"])))
    assert forms[0] == forms[1]


def test_an_echo_gets_the_guests_text(cells) -> None:
    """``ipykernel`` copies output to a file where it is told so; the short way would pass it by."""
    code = "import io, sys\nsys.stdout.echo = io.StringIO()\n%ssvm run hi\nheard = sys.stdout.echo.getvalue()"
    assert "hello\n" in run(cells, f"{code}\nsys.stdout.echo = None")
    cells.messages.clear()
    cells.run("print('heard', heard)")
    assert "heard hello\n" in streams(cells)
