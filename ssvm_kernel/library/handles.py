"""Resources of a component in Python: handles of what stays in the guest's process."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, NoReturn

from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.errors import UsageError

__all__ = ["Handle", "Home"]

_METHOD: Final = "[method]"


class Home:
    """What handles of one guest have in common.

    Parameters
    ----------
    released : list of int
        Takes the numbers of handles that nobody has any more, until the guest's process is told.
    """

    def __init__(self, released: list[int]) -> None:
        self.released = released
        # Weak: types have their home, and functions their types; a guest ends when nobody has it, and not later.
        self._methods: weakref.WeakValueDictionary[tuple[str, str], Any] = weakref.WeakValueDictionary()

    def learn(self, path: tuple[str, ...], function: Callable[..., Any]) -> None:
        """Take a function, if it is a method of a resource."""
        *interface, name = path
        if name.startswith(_METHOD):
            resource, _, method = name[len(_METHOD) :].partition(".")
            self._methods["#".join((*interface, resource)), method.replace("-", "_")] = function

    def method(self, resource: str, name: str) -> Callable[..., Any] | None:
        """Return a method of a resource."""
        return self._methods.get((resource, name))

    def methods(self, resource: str) -> list[str]:
        """Return the names of a resource's methods."""
        return sorted(name for of, name in list(self._methods) if of == resource)


class Handle:
    """A resource of a component: give it to the component's functions, or call its methods: ``counter.next()``.

    What it stands for is in the guest's process, and ends with the instance that made it.  It ends earlier when the
    handle is closed, or nobody has it any more: the guest is told with its next call.  A function that takes the
    resource for itself has it from then on.

    Parameters
    ----------
    home : Home
        What it has in common with other handles of its guest.
    resource : str
        The resource's name, after that of its interface.
    number : int
        How the guest's process calls it.
    """

    __slots__ = ("_home", "_number", "_resource")

    def __init__(self, home: Home, resource: str, number: int) -> None:
        self._home = home
        self._resource = resource
        self._number = number

    def close(self) -> None:
        """Let the resource end; the handle is of no more use."""
        number, self._number = self._number, 0
        if number:
            self._home.released.append(number)

    def passed(self, home: Home, resource: str) -> int:
        """Return its number for a call that takes a resource of this name.

        Raises
        ------
        UsageError
            When it is another, or is gone; the message is to be read after the parameter's name.
        """
        short = visible(resource.rpartition("#")[2], 60)
        if self._resource != resource or self._home.released is not home.released:
            raise UsageError(f"takes {short}, and this is {self!r} of another guest or interface")
        if not self._number:
            raise UsageError(f"takes {short}, and this one was closed or given away")
        return self._number

    def given(self) -> int:
        """Return its number for a function that takes the resource for itself; the handle is of no more use.

        Raises
        ------
        UsageError
            When it is of no use already: it was given twice.
        """
        number, self._number = self._number, 0
        if not number:
            raise UsageError(f"{self!r} can be given away once")
        return number

    def __getattr__(self, name: str) -> Any:
        method = None if name.startswith("_") else self._home.method(self._resource, name)
        if method is None:
            raise AttributeError(f"{self!r} has no method {name!r}, or its guest is gone")
        return functools.partial(method, self)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._home.methods(self._resource)]

    def __enter__(self) -> Handle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a handle of a resource stays with its guest: it cannot be copied or sent")

    def __repr__(self) -> str:
        return f"<{visible(self._resource.rpartition('#')[2], 60)}, a resource of a guest>"
