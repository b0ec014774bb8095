"""Any order of calls: what the host is asked to run is what the written rules say, byte for byte (attacks P04, P14)."""

from __future__ import annotations

import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st

from ssvm_kernel.host.process import CommandCall, CommandReply

from .conftest import Guest, guest_wat

_ENGINE = wasmtime.Engine()
_words = st.binary(max_size=20)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("set_prog_name"), _words),
        st.tuples(st.just("add_arg"), _words),
        st.tuples(st.just("add_env"), st.sampled_from([b"", b"A", b"B", b"A=", b"\0"]), _words),
        st.tuples(st.just("add_stdin"), _words),
        st.tuples(st.just("set_timeout"), st.integers(0, 2**32 - 1)),
        st.tuples(st.just("run"), st.integers(-(2**31), 2**31 - 1), st.booleans(), _words, _words),
        st.tuples(st.just("read")),
    ),
    max_size=30,
)


class Model:
    """The rules, in their shortest form."""

    def __init__(self) -> None:
        self.outcome: tuple[int, bytes, bytes] = (0, b"", b"")
        self.reset()

    def reset(self) -> None:
        self.name, self.args, self.env, self.stdin, self.timeout = b"", (), {}, b"", 10_000

    @property
    def call(self) -> CommandCall:
        return CommandCall(self.name, self.args, tuple(self.env.items()), self.timeout, self.stdin)


@settings(max_examples=300, deadline=None)
@given(_steps)
def test_any_order_of_calls(steps):
    model = Model()
    asked: list[CommandCall] = []
    replies: list[CommandReply] = []
    guest = Guest(_ENGINE, guest_wat(), lambda call: (asked.append(call), replies[-1])[1])
    for name, *values in steps:
        if name == "set_prog_name":
            guest.set_prog_name(*values)
            model.name += values[0]
        elif name == "add_arg":
            guest.add_arg(*values)
            model.args += tuple(values)
        elif name == "add_env":
            guest.add_env(*values)
            model.env.setdefault(*values)
        elif name == "add_stdin":
            guest.add_stdin(*values)
            model.stdin += values[0]
        elif name == "set_timeout":
            guest.call("set_timeout", *values)
            (model.timeout,) = values
        elif name == "run":
            code, keep, stdout, stderr = values
            replies.append(CommandReply(code, stdout, stderr, keep_inputs=keep))
            assert guest.run() == code
            assert asked[-1] == model.call
            model.outcome = (code, stdout, stderr)
            if not keep:
                model.reset()
        assert (guest.exit_code, guest.stdout, guest.stderr) == model.outcome
