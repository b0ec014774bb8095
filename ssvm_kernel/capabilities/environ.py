"""Which environment variables let whoever sets them run other code in an allowed program (rule 8, P03, P06, P32).

Three classes.  A *loader* variable makes the dynamic loader or the C library load code, or write files, in any program
whatsoever: never allowed.  An *interpreter* variable makes a shell, an interpreter or a tool run other code, read
another configuration or talk to another server: allowed only by its own name for that program.  All others are
*ordinary*: a person is asked.  No list of this sort is ever complete; it need not be, since an unknown name is asked
about and not allowed.

Names are compared without regard to case: some programs read ``http_proxy`` or ``npm_config_*`` in either.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Sequence

from ssvm_kernel.capabilities.text import visible

__all__ = ["NameClass", "classify", "malformed_env"]


class NameClass(enum.Enum):
    """What an environment variable can do, by its name."""

    LOADER = "loader"
    INTERPRETER = "interpreter"
    ORDINARY = "ordinary"


# A trailing * stands for any rest of the name.
_LOADER = """
    LD_* LD32_* LD64_* DYLD_* LDR_* _RLD* LIBPATH SHLIB_PATH
    GLIBC_TUNABLES* GCONV_PATH GETCONF_DIR HOSTALIASES LOCALDOMAIN LOCPATH MALLOC_* MUSL_* NIS_PATH NLSPATH RESOLV_*
    RES_OPTIONS TZDIR
"""

_INTERPRETER = """
    PATH PATHEXT HOME SHELL TMPDIR TMP TEMP USERPROFILE APPDATA LOCALAPPDATA SYSTEMROOT WINDIR COMSPEC XDG_*

    IFS ENV CDPATH FPATH GLOBIGNORE BASH_* BASHOPTS SHELLOPTS PS0 PS1 PS2 PS3 PS4 PROMPT_COMMAND HIST* INPUTRC ZDOTDIR
    NULLCMD READNULLCMD TMPPREFIX FCEDIT MAILPATH FISH_* POWERSHELL_* PSMODULEPATH EXECIGNORE

    EDITOR VISUAL SELECTED_EDITOR TEXEDIT BROWSER PAGER MANPAGER MANOPT MANPATH MANROFFOPT INFOPATH LESS* MORE MAILCAP*
    EXINIT VIM* NVIM_* MYVIMRC EMACS* SCREENRC TMUX* TERMCAP TERMPATH TERMINFO* GROFF_* TROFFCMD

    PYTHON* IPYTHON* JUPYTER* JPY_* PIP_* PIPX_* UV_* CONDA* MAMBA* PIXI_* POETRY_* PYENV_* VIRTUAL_ENV MPL*
    NODE_* NPM_* YARN_* PNPM_* COREPACK_* DENO_* BUN_* TS_NODE_* ELECTRON_* PERL* RUBY* GEM_* BUNDLE_* RBENV_* PHP*
    COMPOSER_* LUA_* TCL* TK_* R_* RSTUDIO_* JULIA_* OCTAVE_* GUILE_* ERL_* ELIXIR_* MIX_* GHC* STACK_* CABAL_* OCAML*
    CAML_* OPAM* JAVA_* _JAVA_OPTIONS JDK_* IBM_JAVA_OPTIONS CLASSPATH MAVEN_* GRADLE_* ANT_* SBT_* DOTNET_* COR_*
    CORECLR_* COMPLUS_* MONO_* MSBUILD* NUGET_* MATPLOTLIBRC AWKPATH AWKLIBPATH GAWK* M4PATH SQLITE*

    MAKE* MFLAGS GNUMAKEFLAGS CMAKE_* CC CXX CPP AR AS LD CFLAGS CXXFLAGS CPPFLAGS LDFLAGS CPATH C_INCLUDE_PATH
    CPLUS_INCLUDE_PATH LIBRARY_PATH COMPILER_PATH GCC_* GCOV_* CCC_* CCACHE_* CLANG* LLVM_* RUST* CARGO* GOENV GOFLAGS
    GOPATH GOROOT GOPROXY GOBIN GODEBUG GOTOOLDIR ZIG_* SWIFT_* PKG_CONFIG* ACLOCAL_PATH AUTOM4TE CONAN_* NIX_* GUIX_*
    HOMEBREW_* SNAP* ASAN_* LSAN_* MSAN_* TSAN_* UBSAN_* CPUPROFILE* HEAPPROFILE* DEBUGINFOD_* GDB*

    GIT_* SSH_* RSYNC_* CVS* SVN_* HG* BZR* TAR_OPTIONS TAPE GZIP BZIP BZIP2 XZ_* ZIPOPT UNZIP UNZIPOPT CURL_* WGET*
    SYSTEM_WGETRC NETRC GREP_OPTIONS LS_OPTIONS RIPGREP_* SUDO_* SYSTEMD_* TEXMF* TEXINPUTS BIBINPUTS BSTINPUTS GS_*
    MAGICK_* FFREPORT FREI0R_* LADSPA_* LV2_* GDAL_* PROJ_* HDF5_* ANSIBLE_* TF_* HELM_* KUBE* DOCKER_* AWS_* AZURE_*
    GOOGLE_* GITHUB_* PG* PSQL* MYSQL* LIBMYSQL_* WINE*

    HTTP_PROXY HTTPS_PROXY FTP_PROXY ALL_PROXY NO_PROXY SSL_CERT_* SSLKEYLOGFILE OPENSSL_* NSS_* PKCS11_* KRB5*
    GNUPGHOME GPG_* PINENTRY_* DBUS_*

    DISPLAY XAUTHORITY XENVIRONMENT XINITRC WAYLAND_* GTK* GDK_* GIO_* GST_* QT_* SDL_* IBUS_* PULSE_* ALSA_* LIBGL_*
    MESA_* LIBVA_* VDPAU_* VK_* __EGL_* __GLX_* OCL_ICD_* OPENCL_* CUDA_INJECTION* OMP_TOOL* OMPI_* PMIX_* UCX_*
"""


def _compile(names: str) -> re.Pattern[str]:
    exact = [re.escape(name) for name in names.split() if not name.endswith("*")]
    prefixes = [re.escape(name[:-1]) + ".*" for name in names.split() if name.endswith("*")]
    return re.compile("|".join(exact + prefixes), re.DOTALL)


_LOADER_NAMES = _compile(_LOADER)
_INTERPRETER_NAMES = _compile(_INTERPRETER)


@functools.lru_cache(maxsize=1024)
def classify(name: bytes) -> NameClass:
    """Return what a variable of this name can do."""
    upper = name.decode("latin-1").upper()
    if _LOADER_NAMES.fullmatch(upper):
        return NameClass.LOADER
    return NameClass.INTERPRETER if _INTERPRETER_NAMES.fullmatch(upper) else NameClass.ORDINARY


def malformed_env(env: Sequence[tuple[bytes, bytes]]) -> str:
    """Return why `env` cannot be an environment, or an empty string.

    A name that is empty or holds ``=`` would be read back by the command as another name than the one that was checked,
    and of two values for one name it would see one that was not (P04).
    """
    seen = set()
    for name, value in env:
        if not name:
            return "an environment variable has no name"
        if b"=" in name or b"\0" in name:
            return f"the environment name {visible(name, 100)} holds a byte that no name can hold"
        if b"\0" in value:
            return f"the value of {visible(name, 100)} holds a NUL byte, where the command would see its end"
        if name in seen:
            return f"the environment name {visible(name, 100)} is given twice"
        seen.add(name)
    return ""
