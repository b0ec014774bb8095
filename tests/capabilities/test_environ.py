"""Which variables a guest may set for an allowed program (P03, P04, P06, P32)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssvm_kernel.capabilities.environ import NameClass, classify, malformed_env
from tests.capabilities.build import quick

LOADER = """
    LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT LD_DEBUG_OUTPUT LD_BIND_NOW LD_32_PRELOAD LD_SOMETHING_NEW DYLD_INSERT_LIBRARIES
    DYLD_LIBRARY_PATH DYLD_FRAMEWORK_PATH LDR_PRELOAD64 LIBPATH SHLIB_PATH _RLD_LIST GLIBC_TUNABLES GCONV_PATH LOCPATH
    MALLOC_TRACE MALLOC_CONF NLSPATH HOSTALIASES RES_OPTIONS RESOLV_HOST_CONF TZDIR
"""
INTERPRETER = """
    PATH IFS ENV BASH_ENV SHELLOPTS PS4 PROMPT_COMMAND BASH_FUNC_ls%% CDPATH ZDOTDIR HOME TMPDIR PYTHONPATH
    PYTHONSTARTUP PYTHONHOME PYTHONWARNINGS NODE_OPTIONS NODE_PATH npm_config_script_shell PERL5OPT PERL5LIB PERL5DB
    RUBYOPT RUBYLIB PHPRC LUA_INIT R_PROFILE JULIA_LOAD_PATH JAVA_TOOL_OPTIONS _JAVA_OPTIONS CLASSPATH
    DOTNET_STARTUP_HOOKS CORECLR_PROFILER COMPlus_Enabled GIT_SSH_COMMAND GIT_EXTERNAL_DIFF GIT_DIR GIT_CONFIG_COUNT
    PAGER MANPAGER LESSOPEN EDITOR VISUAL BROWSER VIMINIT SSH_ASKPASS SSH_AUTH_SOCK RSYNC_RSH CVS_RSH TAR_OPTIONS
    GZIP XZ_OPT ZIPOPT MAKEFLAGS MAKEFILES CC RUSTC_WRAPPER CARGO_HOME GOFLAGS OPENSSL_CONF SSLKEYLOGFILE
    SSL_CERT_FILE http_proxy HTTPS_PROXY no_proxy DBUS_SESSION_BUS_ADDRESS XDG_CONFIG_HOME GTK_MODULES
    QT_PLUGIN_PATH AWS_CONFIG_FILE KUBECONFIG DOCKER_HOST GNUPGHOME TERMINFO AWKPATH MAGICK_CODER_MODULE_PATH GS_LIB
    FFREPORT OMP_TOOL_LIBRARIES VK_ICD_FILENAMES
"""
ORDINARY = "LANG LC_ALL TZ TERM USER LOGNAME NAME COUNT A X_Y OMP_NUM_THREADS COLUMNS PWD LDX GO FOO_LD_PRELOAD"


@pytest.mark.parametrize("name", LOADER.split())
def test_p03_loader_names_are_known(name):
    assert classify(name.encode()) is NameClass.LOADER
    assert classify(name.lower().encode()) is NameClass.LOADER


@pytest.mark.parametrize("name", INTERPRETER.split())
def test_p06_interpreter_names_are_known_in_either_case(name):
    assert classify(name.encode()) is NameClass.INTERPRETER
    assert classify(name.swapcase().encode()) is NameClass.INTERPRETER


@pytest.mark.parametrize("name", ORDINARY.split())
def test_ordinary_names_are_not_taken_for_others(name):
    assert classify(name.encode()) is NameClass.ORDINARY


@quick
@given(st.sampled_from([b"LD_", b"DYLD_"]), st.binary(max_size=12))
def test_p03_every_name_of_the_loaders_families_is_theirs(prefix, rest):
    assert classify(prefix + rest) is NameClass.LOADER


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ([], ""),
        ([(b"A", b"1"), (b"B", b"")], ""),
        ([(b"", b"x")], "no name"),
        ([(b"A=LD_PRELOAD", b"x")], "A=LD_PRELOAD"),
        ([(b"A\0B", b"x")], "A\\x00B"),
        ([(b"A", b"x\0y")], "NUL"),
        ([(b"A", b"1"), (b"A", b"2")], "twice"),
        ([(b"\x1b[2K=", b"x")], "\\x1b[2K"),
    ],
)
def test_p04_what_the_command_would_read_differently_is_refused(env, says):
    reason = malformed_env(env)
    assert (reason == "") == (says == "")
    assert says in reason


@pytest.mark.parametrize("value", [b"", b" ", b"\t\n"])
def test_p04_an_empty_value_is_a_value(value):
    assert malformed_env([(b"A", value)]) == ""
