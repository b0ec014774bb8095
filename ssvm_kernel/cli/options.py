"""The options of ``ssvm``: those of the magic where they are the same, WasmEdge's spelling and units otherwise."""

from __future__ import annotations

from traitlets import Bool, CaselessStrEnum, Float, Int, Unicode

from ssvm_kernel.options import LineTraits, RunTraits
from ssvm_kernel.sandbox.engines import ENGINES

__all__ = ["CompileLine", "FileLine", "KernelLine", "RunLine"]

_MOST_PAGES = 65_536
_OF_CELLS = (
    "call deny_all display display_from_stdout display_limit fuel ins interactive memory_limit name no_raise "
    "output_limit outs pick profile profile_out result_limit result_name samples seconds stdin stdin_file stdin_var"
)
"""Options of the magic that make no sense here, or that are said in WasmEdge's way."""
_ALWAYS_ON = "Accepted for the sake of SSVM's command lines: it is always on."


class FileLine(LineTraits):
    """What has no options of its own."""


class CompileLine(LineTraits):
    """What may be said about compiling ahead of time."""

    engine = CaselessStrEnum(
        list(ENGINES),
        "jit",
        help="Engine to compile for.",
    ).tag(flag="--engine", metavar="jit|jit-o0|interpreter")


class KernelLine(LineTraits):
    """What may be said about installing the SSVM kernel."""

    user = Bool(
        False,
        help="For you, whichever environment Jupyter runs in.",
    ).tag(flag="--user")
    sys_prefix = Bool(
        False,
        help="For this Python environment; the default.",
    ).tag(flag="--sys-prefix")
    prefix = Unicode(
        "",
        help="For the environment in this folder.",
    ).tag(flag="--prefix", metavar="FOLDER")
    name = Unicode(
        "ssvm",
        help="Name of the kernel, as in jupyter console --kernel NAME; one that is there is replaced.",
    ).tag(flag="--name", metavar="NAME")
    display_name = Unicode(
        "",
        help="Name of the kernel in the launcher.",
    ).tag(flag="--display-name", metavar="TEXT")
    language = Unicode(
        "rust",
        help="Language of a notebook's cells until %lang names another.",
    ).tag(flag="--language", metavar="LANGUAGE")


class RunLine(RunTraits):
    """What may be said about one run on the command line."""

    without = frozenset(_OF_CELLS.split())

    engine = CaselessStrEnum(
        ["", *ENGINES],
        "",
        help="Engine that runs the guest: machine code by Cranelift (the default), the same without optimisation, or "
        "the Pulley interpreter.",
    ).tag(flag="--engine", metavar="jit|jit-o0|interpreter")
    reactor = Bool(
        False,
        help="Call the exported function that the first argument names, after _initialize where there is one; the "
        "other arguments are its numbers, and its results are printed one a line, integers as unsigned. It need not be "
        "said for a module without _start.",
    ).tag(flag="--reactor")
    time_limit = Float(
        0.0,
        min=0.0,
        help="Most milliseconds for the run, with its commands, without the time in which you are asked; "
        "0 for no limit.",
    ).tag(flag="--time-limit", metavar="MS")
    memory_page_limit = Int(
        _MOST_PAGES,
        min=0,
        max=_MOST_PAGES,
        help="Most pages of 64 KiB for each linear memory; to grow beyond it fails, as on a full machine.",
    ).tag(flag="--memory-page-limit", metavar="N")
    gas_limit = Int(
        0,
        min=0,
        help="Most gas, about one unit for each instruction; the same run then ends at the same place everywhere. "
        "0 for no limit. Counting makes a guest two to three times as slow.",
    ).tag(flag="--gas-limit", metavar="N")
    enable_time_measuring = Bool(
        False,
        help="Print at the end, to stderr, how long it ran and how long of that on the host.",
    ).tag(flag="--enable-time-measuring")
    enable_instruction_count = Bool(
        False,
        help="Print at the end how many instructions it executed, in the engine's own count.",
    ).tag(flag="--enable-instruction-count")
    enable_gas_measuring = Bool(
        False,
        help="Print at the end how much gas it used.",
    ).tag(flag="--enable-gas-measuring")
    enable_all_statistics = Bool(
        False,
        help="Print all three.",
    ).tag(flag="--enable-all-statistics")
    enable_bulk_memory = Bool(False, help=_ALWAYS_ON).tag(flag="--enable-bulk-memory")
    enable_reference_types = Bool(False, help=_ALWAYS_ON).tag(flag="--enable-reference-types")
    enable_simd = Bool(False, help=_ALWAYS_ON).tag(flag="--enable-simd")
    enable_all = Bool(False, help=_ALWAYS_ON).tag(flag="--enable-all")

    allow_models = Bool(
        False,
        help="Accepted and without effect: the guest may have models computed and pictures decoded unless you "
        "forbid it by --deny-models.",
    ).tag(flag="--allow-models")
    deny_models = Bool(
        False,
        help="Let the guest have no models computed and no pictures decoded. As with SSVM it may by default: all of it "
        "comes from the guest's own bytes, and happens inside its locked process.",
    ).tag(flag="--deny-models")

    version = Bool(
        False,
        help="Print the versions of this program and of its engine.",
    ).tag(flag="--version")

    # The guest's output goes out as it comes, and nothing of it is kept.
    output_limit = Int(0)
    result_limit = Int(0)

    @property
    def counts(self) -> bool:
        """Whether instructions are to be counted."""
        return self.enable_all_statistics or self.enable_instruction_count or self.enable_gas_measuring
