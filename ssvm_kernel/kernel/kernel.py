"""The kernel: reads a cell, runs its guest by the magic's own code, and answers a front end's questions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from traitlets import List, Type, Unicode

from ssvm_kernel import __version__
from ssvm_kernel.display.surface import current_surface
from ssvm_kernel.errors import UsageError
from ssvm_kernel.kernel.cells import (
    PYTHON,
    Ask,
    Cell,
    Command,
    Exit,
    Guest,
    Language,
    Python,
    Step,
    first_line,
    language_of,
    read_cell,
)
from ssvm_kernel.kernel.completion import complete
from ssvm_kernel.kernel.inspection import inspect_at, inspect_name
from ssvm_kernel.kernel.known import Known
from ssvm_kernel.kernel.notebook import NotebookLanguage, check_language
from ssvm_kernel.kernel.scan import Whole, has_code, indent_of, whole
from ssvm_kernel.kernel.shell import SsvmShell
from ssvm_kernel.kernel.syntax import syntax_of

__all__ = ["SsvmKernel"]

_EXTENSION = "ssvm_kernel"
_READY_AFTER = 0.2  # seconds, so that the kernel's first answers are not kept waiting
_TYPES = "_jupyter_types_experimental"  # what front ends take a match's kind from


class SsvmKernel(IPythonKernel):
    """Cells are WebAssembly guests; Python is below ``%%python``."""

    language = Unicode(
        "rust",
        help="Language of a notebook's cells until %lang names another.",
    ).tag(config=True)

    implementation = "ssvm"
    implementation_version = __version__
    shell_class = Type(SsvmShell)
    shell: Any
    session: Any
    _replied_to = ""
    _begun_for = ""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        # By its public face, as %load_ext does it: the magic is the one implementation.
        self.shell.extension_manager.load_extension(_EXTENSION)
        self.magics = self.shell.magics_manager.registry["SsvmMagics"]
        self.notebook = NotebookLanguage(self.language)
        self._told_first = self._told_before()

    help_links = List(
        [
            {"text": "WebAssembly", "url": "https://webassembly.github.io/spec/core/"},
            {"text": "Rust", "url": "https://doc.rust-lang.org/std/"},
            {"text": "C", "url": "https://en.cppreference.com/w/c"},
        ]
    ).tag(config=True)

    def start(self) -> None:
        """Start to answer; what a guest needs is loaded while the person still types the first one."""
        super().start()  # type: ignore[no-untyped-call]
        self.io_loop.call_later(_READY_AFTER, self._make_ready)

    def _make_ready(self) -> None:
        self.magics.session.make_ready()

    @property
    def language_info(self) -> dict[str, Any]:  # type: ignore[override]
        """What the protocol tells of the language; the extension for JupyterLab knows it by its MIME type."""
        return {
            "name": "ssvm",
            "version": __version__,
            "mimetype": "text/x-ssvm",
            "file_extension": ".ssvm",
            "pygments_lexer": syntax_of(self.notebook.name).lexer,
            "guests": self.language,  # of cells above which no %lang stands
        }

    @property
    def banner(self) -> str:  # type: ignore[override]
        """What a console shows at its start."""
        return (
            f"SSVM kernel {__version__}: a cell is a WebAssembly guest in {self.notebook.name}, with nothing but what "
            "you grant.\n%lang LANGUAGE changes the language, %%LANGUAGE that of one cell; %ssvm --help; %%python\n"
        )

    @property
    def kernel_info(self) -> dict[str, Any]:
        """What the protocol tells; Python's debugger is left out, which would find nothing in a guest."""
        info: dict[str, Any] = super().kernel_info
        return {**info, "supported_features": [one for one in info["supported_features"] if one != "debugger"]}

    async def execute_request(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        """Run a cell and send its reply, also when an interrupt comes before or after the guest's own time.

        ipykernel sends none then, and a front end waits for it for ever.
        """
        try:
            await super().execute_request(stream, ident, parent)  # type: ignore[no-untyped-call]
        except KeyboardInterrupt:
            if self._replied_to != parent["header"]["msg_id"]:
                self._reply_interrupted(stream, ident, parent)
        finally:
            self.magics.after_cell(None)

    def set_parent(self, ident: Any, parent: Any, channel: str = "shell") -> None:
        """Note whose request comes next, and begin the guest of a cell that is known from before.

        This is the first that is called with a request, and is called once more when a message between was answered.
        """
        super().set_parent(ident, parent, channel)  # type: ignore[no-untyped-call]
        header = parent.get("header", {}) if channel == "shell" else {}
        if header.get("msg_type") == "execute_request" and header.get("subshell_id") is None:
            is_new, self._begun_for = header["msg_id"] != self._begun_for, header["msg_id"]
            if is_new and not self._aborting:
                self._begin(parent["content"])

    def _begin(self, content: Mapping[str, Any]) -> None:
        silent = content.get("silent", False)
        guest = None if silent else _only_guest(content.get("code", ""))
        if guest is not None and content.get("store_history", True):
            self.magics.begin(self._line(guest), guest.source, guest.line_offset)

    def _show_begun(self, code: str) -> None:
        """Show what the cell's guest prints at first, if it has begun and nobody wants to be told before."""
        guest = _only_guest(code)
        if guest is not None and self._told_before() == self._told_first:
            self.magics.show_begun(self._line(guest), guest.source, guest.line_offset)

    def _told_before(self) -> list[Any]:
        """Return what is called before a cell runs."""
        callbacks = self.shell.events.callbacks
        return [*callbacks["pre_execute"], *callbacks["pre_run_cell"]]

    def _line(self, guest: Guest) -> str:
        """Return language and options of a guest."""
        return self.notebook.line if guest.line is None else guest.line

    def finish_metadata(self, parent: Any, metadata: Any, reply_content: Any) -> Any:
        """Note that the reply is about to go out."""
        self._replied_to = parent["header"]["msg_id"]
        return super().finish_metadata(parent, metadata, reply_content)  # type: ignore[no-untyped-call]

    def _reply_interrupted(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        error = {"ename": "KeyboardInterrupt", "evalue": "", "traceback": ["KeyboardInterrupt"]}
        self.session.send(self.iopub_socket, "error", error, parent)
        reply = {"status": "error", **error, "execution_count": self.shell.execution_count - 1}
        reply |= {"user_expressions": {}, "payload": []}
        self.session.send(stream, "execute_reply", reply, parent, ident=ident)

    async def do_execute(
        self,
        code: str,
        silent: bool,
        store_history: bool = True,
        user_expressions: dict[str, str] | None = None,
        allow_stdin: bool = False,
        *,
        cell_meta: dict[str, Any] | None = None,
        cell_id: str | None = None,
    ) -> dict[str, Any]:
        """Run a cell and return the content of its reply."""
        cell, error = _read(code)
        about = {"cell_meta": cell_meta, "cell_id": cell_id}
        if isinstance(cell, Python):
            with self.shell.python(code, cell.source):
                reply: dict[str, Any] = await super().do_execute(  # type: ignore[no-untyped-call]
                    code, silent, store_history, user_expressions, allow_stdin, **about
                )
            return reply

        if not silent:
            self._show_begun(code)

        def perform() -> Any:
            if error is not None:
                raise error
            return self._perform(cell)

        self._forward_input(allow_stdin)  # type: ignore[no-untyped-call]
        try:
            result = self.shell.run_steps(
                code, self._in_python(cell), perform, store=store_history, silent=silent, cell=about
            )
        finally:
            self._restore_input()  # type: ignore[no-untyped-call]
        return self._reply(result, user_expressions or {})

    def _perform(self, steps: tuple[Step, ...]) -> Any:
        """Do the steps of a cell, and return what the last one shows."""
        value = None
        for step in steps:
            if value is not None:
                self.shell.displayhook(value)
            value = self._step(step, last=step is steps[-1])
        return value

    def _step(self, step: Step, *, last: bool) -> Any:
        if isinstance(step, Guest):
            return self._guest(step)
        if isinstance(step, Command):
            return self.magics.ssvm(step.line)
        if isinstance(step, Ask):
            return self._answer(step.name)
        if isinstance(step, Exit):
            return self.shell.ask_exit()
        if step.line:
            self.notebook.change(step.line)
        if last:
            current_surface().write("stdout", f"{self.notebook.told()}\n")
        return None

    def _guest(self, guest: Guest) -> Any:
        line = guest.line
        if line is None:
            if not has_code(guest.source, syntax_of(self.notebook.name)):
                return None
            line = self.notebook.line
        name = line.partition(" ")[0]
        if name and not name.startswith("-"):
            check_language(name)
        return self.magics.run_cell(line, guest.source, guest.line_offset)

    def _answer(self, name: str) -> None:
        """Show what is known of a name, as IPython shows an answer to ``name?``."""
        bundle = inspect_name(name, self._known)
        if bundle is None:
            raise UsageError(f"nothing is known of {name!r}: ask about an option, a command, a guest, or an import")
        self.shell.payload_manager.write_payload({"source": "page", "data": bundle, "start": 0})

    @property
    def _known(self) -> Known:
        return Known(self.notebook.name, self.magics.started, list(self.shell.user_ns))

    async def do_complete(self, code: str, cursor_pos: int | None) -> dict[str, Any]:
        """Return what could stand at the cursor; below ``%%python`` that is IPython's to say."""
        cursor = len(code) if cursor_pos is None else cursor_pos
        offset = _python_offset(code)
        if 0 < offset <= cursor:
            return _shifted(super().do_complete(code[offset:], cursor - offset), offset)  # type: ignore[no-untyped-call]
        matches, start = complete(code, cursor, self._known)
        types = [{"text": text, "type": kind, "start": start, "end": cursor} for text, kind in matches]
        return {
            "status": "ok",
            "matches": [match.text for match in matches],
            "cursor_start": start,
            "cursor_end": cursor,
            "metadata": {_TYPES: types},
        }

    async def do_inspect(
        self, code: str, cursor_pos: int, detail_level: int = 0, omit_sections: Any = ()
    ) -> dict[str, Any]:
        """Return what is known of the name at the cursor; below ``%%python`` that is IPython's to say."""
        offset = _python_offset(code)
        if 0 < offset <= cursor_pos:
            reply: dict[str, Any] = super().do_inspect(  # type: ignore[no-untyped-call]
                code[offset:], cursor_pos - offset, detail_level, omit_sections
            )
            return reply
        bundle = inspect_at(code, cursor_pos, self._known)
        return {"status": "ok", "found": bundle is not None, "data": bundle or {}, "metadata": {}}

    async def do_history(self, *args: Any, **more: Any) -> dict[str, Any]:
        """Return what was typed; IPython calls the present session 0, the protocol by its number."""
        reply: dict[str, Any] = super().do_history(*args, **more)  # type: ignore[no-untyped-call]
        present = self.shell.history_manager.session_number
        return {**reply, "history": [(session or present, *entry) for session, *entry in reply["history"]]}

    async def do_is_complete(self, code: str) -> dict[str, Any]:
        """Tell a console whether Enter runs the cell or goes to its next line."""
        offset = _python_offset(code)
        if offset:
            reply: dict[str, Any] = super().do_is_complete(code[offset:])  # type: ignore[no-untyped-call]
            return reply
        word, rest, above = first_line(code)
        text = "\n".join(code.split("\n")[above:])
        if not text.strip() and not word.startswith("%%"):
            return {"status": Whole.COMPLETE.value}
        syntax = syntax_of(language_of(word, rest) or self.notebook.name)
        status = whole(text, syntax) if text.strip() or text.endswith("\n\n") else Whole.INCOMPLETE
        if status is Whole.INCOMPLETE:
            return {"status": status.value, "indent": indent_of(text, syntax)}
        return {"status": status.value}

    def _in_python(self, steps: tuple[Step, ...]) -> str:
        """Return the same in IPython, for the history."""
        lines, standing = [], self.notebook.line
        for step in steps:
            if isinstance(step, Guest):
                line = standing if step.line is None else step.line
                lines.append(f"get_ipython().run_cell_magic('ssvm', {line!r}, {step.source!r})")
            elif isinstance(step, Command):
                lines.append(f"get_ipython().run_line_magic('ssvm', {step.line!r})")
            elif isinstance(step, Language):
                standing = step.line or standing
                lines.append(f"# %lang {step.line}")
            else:
                lines.append("exit" if isinstance(step, Exit) else f"# {step.name}?")
        return "\n".join(lines)

    def _reply(self, result: Any, user_expressions: dict[str, str]) -> dict[str, Any]:
        shell = self.shell
        error = result.error_before_exec or result.error_in_exec
        reply: dict[str, Any] = {"status": "ok", "user_expressions": {}}
        if error is None:
            reply["user_expressions"] = shell.user_expressions(user_expressions)
        else:
            reply |= {
                "status": "error",
                "ename": type(error).__name__,
                "evalue": str(error),
                "traceback": shell._last_traceback or [],
            }
        reply["execution_count"] = shell.execution_count - 1
        reply["payload"] = shell.payload_manager.read_payload()
        shell.payload_manager.clear_payload()
        return reply


def _python_offset(code: str) -> int:
    """Return where the Python of a ``%%python`` cell begins, 0 where there is none."""
    word, _, above = first_line(code)
    if not word.startswith("%%") or word[2:] not in PYTHON:
        return 0
    return len("\n".join(code.split("\n")[:above])) + 1


def _shifted(reply: dict[str, Any], offset: int) -> dict[str, Any]:
    """Return a completion of a part of the cell as one of the cell."""
    types = [
        {**item, "start": item["start"] + offset, "end": item["end"] + offset}
        for item in reply["metadata"].get(_TYPES, [])
    ]
    start, end = reply["cursor_start"] + offset, reply["cursor_end"] + offset
    return {**reply, "cursor_start": start, "cursor_end": end, "metadata": {_TYPES: types}}


def _read(code: str) -> tuple[Cell, UsageError | None]:
    try:
        return _read_cell(code), None
    except UsageError as error:
        return (), error


@lru_cache(maxsize=32)
def _read_cell(code: str) -> Cell:
    """Read a cell; one that runs again is read already."""
    return read_cell(code)


@lru_cache(maxsize=32)
def _only_guest(code: str) -> Guest | None:
    """Return the guest that is all of a cell."""
    cell, _ = _read(code)
    return cell[0] if isinstance(cell, tuple) and len(cell) == 1 and isinstance(cell[0], Guest) else None
