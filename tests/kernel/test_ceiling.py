"""A kernel on a machine whose administrator left only some things to be granted (attack U23)."""

from __future__ import annotations

import json
import os
import sys

import pytest

from tests.deciders.frontend import PATIENT, FrontEnd

from .guests import command_cell


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    folder = tmp_path_factory.mktemp("limited")
    etc = folder / "etc"
    etc.mkdir()
    said = {
        "version": 1,
        "commands": ["/bin/echo"],
        "all_commands": False,
        "any_arguments": False,
        "always": False,
        "folders": [str(folder / "shared")],
        "environment": [],
    }
    (etc / "ssvm_kernel_ceiling.json").write_text(json.dumps(said))
    (folder / "shared").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSVM_TEST_KERNEL_PYTHON", sys.executable)
        patch.setenv("SSVM_CACHE_DIR", str(folder / "cache"))
        patch.setenv("SSVM_CONFIG_DIR", str(folder / "config"))
        patch.setenv("JUPYTER_CONFIG_PATH", str(etc))
        with FrontEnd(folder) as front_end:
            front_end.answers_ping = front_end.has_widgets = front_end.renders = True
            front_end.run(f"import os; os.chdir({str(folder)!r})")
            front_end.run(f"%load_ext ssvm_kernel\n{PATIENT}")
            yield front_end


def test_what_is_left_runs_and_is_asked_for(limited) -> None:
    assert "│ hello" in limited.run(command_cell('--allow-command "echo hello"', "echo", "hello"))
    running = limited.start(command_cell("", "echo", "asked"))
    prompt = limited.wait_prompt()
    offered = {offer["id"] for offer in prompt["offers"]}
    assert {"deny", "once", "run", "session"} <= offered
    assert not {one for one in offered if one.startswith("always") or one in ("run:any", "session:any")}
    limited.choose("once")
    assert "│ asked" in limited.finish(running)


def test_what_is_not_left_is_never_asked_for(limited) -> None:
    text = limited.run(command_cell("", "ls"))
    assert not limited.prompts
    assert "ssvm_kernel_ceiling.json does not allow" in text
    assert os.path.realpath("/bin/ls") in text
    assert "to grant it" not in text  # nothing can
    assert "%ssvm run" not in text


@pytest.mark.parametrize(
    "options",
    ["--allow-command-all", "--allow-command echo", '--allow-command "ls -l"', "--dir data:/usr/share", "--env HOME"],
)
def test_no_option_grants_it(limited, options) -> None:
    text = limited.run(command_cell(options, "echo", "hello"))
    assert "GrantError: the configuration in" in text
    assert "│" not in text


def test_a_folder_below_the_left_one_is_granted(limited) -> None:
    text = limited.run(command_cell("--dir data:shared:ro --allow-command =echo", "echo"))
    assert " · exit 0 · " in text


def test_the_doctor_tells(limited) -> None:
    assert "ssvm_kernel_ceiling.json" in limited.run("%ssvm doctor")
