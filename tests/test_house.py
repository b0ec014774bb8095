"""The house rules hold here, and each is broken by a violation that is planted in a small tree."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .house import rules

ROOT = Path(__file__).parents[1]

RULES = [
    rules.upward_imports,
    rules.process_starts,
    rules.code_from_data,
    rules.jupyterlab_imports,
    rules.io_in_capabilities,
    rules.missing_docstrings,
    rules.long_modules,
    rules.markup_from_text,
    rules.places_of_one_machine,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_holds(rule):
    assert sorted(rule(ROOT)) == []


PLANTED = [
    (rules.upward_imports, "host/a.py", "from ssvm_kernel.deciders import base"),
    (rules.upward_imports, "host/a.py", "from ssvm_kernel import session"),
    (rules.upward_imports, "host/a.py", "from ..session import Session"),
    (rules.upward_imports, "host/a.py", "def later():\n    import ssvm_kernel.magic"),
    (rules.upward_imports, "host/a.py", "import importlib\nimportlib.import_module('ssvm_kernel.session')"),
    (rules.upward_imports, "host/a.py", "from ssvm_kernel import Guest"),
    (rules.upward_imports, "capabilities/a.py", "from ssvm_kernel.host import spawn"),
    (rules.upward_imports, "errors.py", "from ssvm_kernel.capabilities.model import Scope"),
    (rules.upward_imports, "display/a.py", "from ssvm_kernel.sandbox import wire"),
    (rules.upward_imports, "sandbox/__init__.py", "from ..toolchains import base"),
    (rules.upward_imports, "toolchains/__init__.py", "from ssvm_kernel.deciders import base"),
    (rules.upward_imports, "guest.py", "from ssvm_kernel.session import Session"),
    (rules.upward_imports, "session.py", "from ssvm_kernel.kernel import Kernel"),
    (rules.upward_imports, "nowhere.py", "import json"),
    (rules.process_starts, "toolchains/a.py", "import subprocess\nsubprocess.run(['true'])"),
    (rules.process_starts, "toolchains/a.py", "import subprocess\nstart = subprocess.Popen"),
    (rules.process_starts, "toolchains/a.py", "from subprocess import run"),
    (rules.process_starts, "toolchains/a.py", "from subprocess import Popen\nPopen(['true'])"),
    (rules.process_starts, "toolchains/a.py", "from subprocess import Popen\nstart = Popen"),
    (rules.process_starts, "sandbox/a.py", "import os\nos.posix_spawn('/bin/true', [], {})"),
    (rules.process_starts, "sandbox/a.py", "from os import fork"),
    (rules.process_starts, "sandbox/a.py", "import os\nos.execve('/bin/true', [], {})"),
    (rules.process_starts, "sandbox/a.py", "import os\nos.system('true')"),
    (rules.process_starts, "sandbox/a.py", "import os\nos.popen('true')"),
    (rules.process_starts, "sandbox/a.py", "import multiprocessing.pool"),
    (rules.process_starts, "sandbox/a.py", "def f():\n    import pty"),
    (rules.process_starts, "sandbox/a.py", "from concurrent.futures import ProcessPoolExecutor"),
    (rules.process_starts, "sandbox/a.py", "import asyncio\nasyncio.create_subprocess_exec('true')"),
    (rules.process_starts, "sandbox/a.py", "import ctypes\nctypes.CDLL(None).fork()"),
    (rules.process_starts, "host/execute.py", "import _posixsubprocess"),
    (rules.process_starts, "host/execute.py", "from _posixsubprocess import fork_exec"),
    (rules.process_starts, "host/execute.py", "import subprocess\nsubprocess.call(['true'])"),
    (rules.code_from_data, "sandbox/wire.py", "import pickle"),
    (rules.code_from_data, "sandbox/wire.py", "from marshal import loads"),
    (rules.code_from_data, "sandbox/wire.py", "import shelve as s"),
    (rules.code_from_data, "magic.py", "eval('1')"),
    (rules.code_from_data, "magic.py", "exec('1')"),
    (rules.code_from_data, "host/spawn.py", "import subprocess\nsubprocess.run('true', shell=True)"),
    (rules.code_from_data, "host/spawn.py", "import subprocess\nyes = True\nsubprocess.run('true', shell=yes)"),
    (rules.jupyterlab_imports, "magic.py", "import jupyterlab"),
    (rules.jupyterlab_imports, "magic.py", "def f():\n    from jupyter_server.base import handlers"),
    (rules.io_in_capabilities, "capabilities/a.py", "import os"),
    (rules.io_in_capabilities, "capabilities/a.py", "from os import path"),
    (rules.io_in_capabilities, "capabilities/a.py", "import socket"),
    (rules.io_in_capabilities, "capabilities/a.py", "import subprocess"),
    (rules.io_in_capabilities, "capabilities/a.py", "from pathlib import Path"),
    (rules.io_in_capabilities, "capabilities/a.py", "import pathlib"),
    (rules.io_in_capabilities, "capabilities/sub/a.py", "open('/etc/passwd')"),
    (rules.missing_docstrings, "host/a.py", None),
    (rules.long_modules, "host/a.py", "x = 1\n" * 400),
    (rules.long_modules, "deciders/static/a.js", "let x;\n" * 401),
    (rules.markup_from_text, "deciders/static/a.js", "node.innerHTML = text;"),
    (rules.markup_from_text, "deciders/static/a.js", "node.insertAdjacentHTML('beforeend', text);"),
    (rules.markup_from_text, "../labextension/src/a.ts", "const f = new Function(text);"),
    (rules.places_of_one_machine, "../README.md", "see /" + "work/main"),
    (rules.places_of_one_machine, "../a.toml", f"python = '{sys.prefix}/bin/python'"),
    (rules.places_of_one_machine, "../yarn.lock", "resolved https://registry.npmjs" + ".org/x"),
]


@pytest.mark.parametrize(
    ("rule", "name", "text"), PLANTED, ids=[f"{rule.__name__}-{index}" for index, (rule, *_) in enumerate(PLANTED)]
)
def test_rule_can_fail(rule, name, text, tmp_path):
    planted = (tmp_path / "ssvm_kernel" / name).resolve()
    planted.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "ssvm_kernel").mkdir(exist_ok=True)
    docstring = '"""A module."""\n' if planted.suffix == ".py" else ""
    planted.write_text("x = 1\n" if text is None else f"{docstring}{text}\n")
    broken = list(rule(tmp_path))
    assert len(broken) >= 1
    assert all(planted.name in line for line in broken)


HARMLESS = [
    (rules.upward_imports, "sandbox/a.py", "from ssvm_kernel import __version__\nfrom ssvm_kernel.host import spawn"),
    (rules.upward_imports, "broker.py", "from ssvm_kernel.guest import Guest\nfrom ssvm_kernel.display import text"),
    (rules.upward_imports, "deciders/a.py", "from .base import Decider\nfrom ssvm_kernel.errors import SsvmError"),
    (rules.process_starts, "host/spawn.py", "import subprocess\nsubprocess.Popen(['true'])"),
    (rules.process_starts, "host/a.py", "import subprocess\ndef f(p: subprocess.Popen[bytes]) -> None: ..."),
    (rules.process_starts, "host/a.py", "from subprocess import Popen\ndef f() -> Popen[bytes]: ..."),
    (rules.process_starts, "host/a.py", "import subprocess\ntry: ...\nexcept subprocess.TimeoutExpired: ..."),
    (rules.code_from_data, "host/a.py", "import re\nre.compile('x')"),
    (rules.io_in_capabilities, "capabilities/a.py", "from pathlib import PurePosixPath"),
    (rules.io_in_capabilities, "host/a.py", "import os\nopen('x')"),
    (rules.markup_from_text, "deciders/static/a.js", "node.textContent = text; // never innerHTML"),
    (rules.places_of_one_machine, "../a.py", "dangerous = ['/root/.ssh/id_rsa', '/home/me/.cargo/bin', '/tmp/x']"),
]


@pytest.mark.parametrize(
    ("rule", "name", "text"), HARMLESS, ids=[f"{rule.__name__}-{index}" for index, (rule, *_) in enumerate(HARMLESS)]
)
def test_rule_leaves_alone(rule, name, text, tmp_path):
    planted = (tmp_path / "ssvm_kernel" / name).resolve()
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(f'"""A module."""\n{text}\n')
    assert list(rule(tmp_path)) == []
