"""``{traits-options}``: the options of a command, from the traits that also make its parser and its help."""

from __future__ import annotations

import importlib
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from traitlets import Bool, List

from ssvm_kernel import options as options_module


class TraitsOptions(SphinxDirective):
    """Lists every option of one class of traits, with value, default and help."""

    required_arguments = 1  # module:Class

    def run(self) -> list[nodes.Node]:
        """Return a definition list."""
        module, _, name = self.arguments[0].partition(":")
        traits = getattr(importlib.import_module(module), name)
        items = nodes.definition_list()
        for flag, trait_name in options_module.flags_of(traits).items():
            items += self._item(flag, traits.class_traits()[trait_name])
        return [items] if len(items) else [nodes.paragraph(text="It has no options.")]

    def _item(self, flag: str, trait: Any) -> nodes.Node:
        spelling = f"{flag} {trait.metadata.get('metavar', '')}".rstrip()
        if isinstance(trait, List):
            spelling += "  (may be given several times)"
        default = trait.default_value
        shown = "" if isinstance(trait, (Bool, List)) or default in ("", None) else f" Default: {default}."
        body = nodes.definition()
        self.state.nested_parse(StringList(["", _plain(trait.help + shown)]), self.content_offset, body)
        return nodes.definition_list_item("", nodes.term("", "", nodes.literal(text=spelling)), body)


class Commands(SphinxDirective):
    """Lists the subcommands of ``%ssvm``, each with its options."""

    def run(self) -> list[nodes.Node]:
        """Return one section for each subcommand."""
        from ssvm_kernel import commands

        lines: list[str] = []
        for name in commands.NAMES:
            command = commands.find(name)
            traits = command.traits
            lines += ["", f"**`{command.usage}`**", "", _plain(command.summary), ""]
            if options_module.flags_of(traits):
                lines += [f":::{{traits-options}} {traits.__module__}:{traits.__qualname__}", ":::", ""]
        container = nodes.container()
        self.state.nested_parse(StringList(lines), self.content_offset, container)
        return list(container.children)


def _plain(text: str) -> str:
    """Return text with what MyST would read as markup made literal."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>$" else char for char in text)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("traits-options", TraitsOptions)
    app.add_directive("ssvm-commands", Commands)
    return {"parallel_read_safe": True}
