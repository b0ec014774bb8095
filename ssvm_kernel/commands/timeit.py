"""``%ssvm timeit``: a guest of this session, or one of its functions, measured in several engines."""

from __future__ import annotations

from ssvm_kernel import namespace
from ssvm_kernel.commands.base import Command
from ssvm_kernel.display.timings import Comparison
from ssvm_kernel.enginechoice import Engines
from ssvm_kernel.errors import UsageError
from ssvm_kernel.options import Parsed, RunTraits
from ssvm_kernel.session import Session

__all__ = ["COMMAND"]


class _Traits(RunTraits):
    engine = Engines(
        "both",
        help="Engines that run the guest in turn, with commas between them: machine code by Cranelift (jit), the same "
        "without optimisation (jit-o0), the Pulley interpreter; both is jit,interpreter, and all is every one. The "
        "first one's timings are compared with the others'.",
    ).tag(flag="--engine", metavar="jit,jit-o0,interpreter|both|all")


def _run(session: Session, parsed: Parsed[_Traits], label: str) -> Comparison | None:
    guest = session.find(parsed.words[0])
    if guest.functions and not parsed.options.call:
        raise UsageError(guest.library_text("timeit"))
    if "," not in parsed.options.engine and parsed.options.engine not in ("both", "all"):
        raise UsageError(f"one engine is nothing to compare: --engine {parsed.options.engine},interpreter, or all")
    comparison = session.run(guest, parsed.options, parsed.guest_args, label).comparison
    if parsed.options.result_name:
        namespace.assign(parsed.options.result_name, comparison)  # what was asked for, and not the run before it
    return comparison


COMMAND = Command(
    "%ssvm timeit NAME [--call FUNCTION] [--engine both|all|LIST] [options] [-- guest arguments]",
    "Measure a guest, or one of its functions, in several engines; the result has .samples, .to_json() and .plot().",
    _Traits,
    (1, 1),
    _run,
)
