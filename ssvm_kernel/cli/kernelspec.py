"""``ssvm kernel install`` and ``ssvm kernel uninstall``: tell Jupyter that the SSVM kernel is there."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from ssvm_kernel.cli.options import KernelLine
from ssvm_kernel.errors import SsvmError, UsageError
from ssvm_kernel.toolchains import registry

__all__ = ["install", "uninstall"]

SPEC: Final = Path(__file__).parents[1] / "kernel" / "spec"
"""What the wheel installs too: the description, and the pictures."""
_MODULE: Final = "ssvm_kernel.kernel"


def install(options: KernelLine) -> str:
    """Write the kernel's description where Jupyter looks, and return where.

    Raises
    ------
    UsageError
        For places that contradict each other, a name that is none, an unknown language.
    SsvmError
        When it cannot be written.
    """
    places = [options.user, options.sys_prefix, bool(options.prefix)]
    if sum(places) > 1:
        raise UsageError("give one of --user, --sys-prefix and --prefix")
    registry.get(options.language)
    prefix = options.prefix or ("" if options.user else sys.prefix)
    with tempfile.TemporaryDirectory(prefix="ssvm-spec-") as folder:
        made = Path(folder) / "spec"
        shutil.copytree(SPEC, made)
        (made / "kernel.json").write_text(json.dumps(_description(options), indent=1) + "\n", encoding="utf-8")
        try:
            from jupyter_client.kernelspec import KernelSpecManager

            return KernelSpecManager().install_kernel_spec(
                str(made), options.name, user=options.user, prefix=prefix or None
            )
        except ValueError:
            raise UsageError(f"{options.name!r} cannot be a kernel's name: letters, digits and -._ only") from None
        except OSError as error:
            raise SsvmError(f"{error.filename or prefix} cannot be written: {error.strerror}; try --user") from None


def uninstall(options: KernelLine) -> str:
    """Remove a description that `install` or the wheel wrote, and return where it was.

    Raises
    ------
    UsageError
        When there is none of that name, or it is another kernel's.
    SsvmError
        When it cannot be removed.
    """
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    manager = KernelSpecManager()
    try:
        spec = manager.get_kernel_spec(options.name)
    except (NoSuchKernel, ValueError):
        raise UsageError(f"there is no kernel {options.name!r} (jupyter kernelspec list shows all)") from None
    if not any(_MODULE in word for word in spec.argv):
        raise UsageError(f"the kernel {options.name!r} is not an SSVM kernel: jupyter kernelspec remove takes any")
    try:
        return str(manager.remove_kernel_spec(options.name))
    except OSError as error:
        raise SsvmError(f"{error.filename} cannot be removed: {error.strerror}") from None


def _description(options: KernelLine) -> dict[str, Any]:
    described: dict[str, Any] = json.loads((SPEC / "kernel.json").read_text(encoding="utf-8"))
    described["argv"][0] = sys.executable  # of this environment, whichever one Jupyter runs in
    from ipykernel.kernelspec import get_kernel_dict

    own: dict[str, Any] = get_kernel_dict()
    for name in set(own["metadata"]) & {"supported_encryption"}:  # what this ipykernel can, the wheel does not know
        described["metadata"][name] = own["metadata"][name]
    if options.language != KernelLine.language.default_value:
        described["argv"].append(f"--language={options.language}")
        described["display_name"] = f"SSVM ({options.language})"
    if options.display_name:
        described["display_name"] = options.display_name
    return described
