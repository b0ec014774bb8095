from __future__ import annotations

import pytest

from .frontend import FrontEnd


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """One kernel for a module's tests; each test makes its own deciders in it."""
    with FrontEnd(tmp_path_factory.mktemp("kernel")) as front_end:
        yield front_end


@pytest.fixture
def front_end(kernel):
    """The front end, able to do everything."""
    kernel.answers_ping = kernel.has_widgets = kernel.renders = True
    kernel.subshell, kernel.delay = None, 0.0
    kernel.run("chain = default_chain(); dialog, widget, stdin, nobody = chain.deciders")
    kernel.run("widget.ping_seconds = 30; dialog.greeting_seconds = 0")
    return kernel
