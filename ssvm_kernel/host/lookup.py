"""Looking a host's name up while a person may interrupt."""

from __future__ import annotations

import errno
import socket
import threading
from typing import TYPE_CHECKING, Final

from ssvm_kernel.capabilities.places import address_of
from ssvm_kernel.host.bell import Bell
from ssvm_kernel.host.waiting import Wait

if TYPE_CHECKING:
    from ssvm_kernel.capabilities.places import Address

__all__ = ["look_up"]

_SECONDS: Final = 30.0


def look_up(host: str, wait: Wait, seconds: float | None = None) -> tuple[Address, ...]:
    """Return the addresses of a host, as this computer knows them; an address is its own.

    Parameters
    ----------
    host : str
        A name or an address.
    wait : Wait
        How it waits.
    seconds : float or None
        How long at most; at most half a minute anyway.

    Raises
    ------
    OSError
        When there are none, or nobody answers.
    """
    own = address_of(host)
    if own is not None:
        return (own,)
    search = _Search(host)
    threading.Thread(target=search.run, name="ssvm-lookup", daemon=True).start()
    try:
        in_time = wait(search.bell.fileno, _SECONDS if seconds is None else min(_SECONDS, seconds))
    finally:
        search.leave()
    if not in_time:
        raise OSError(errno.ETIMEDOUT, "no name server answers")
    if search.error is not None:
        raise search.error
    return search.found


class _Search:
    """One look-up on a thread of its own: what it waits for cannot be interrupted."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._lock = threading.Lock()
        self._over = 0
        self.bell = Bell()
        self.found: tuple[Address, ...] = ()
        self.error: OSError | None = None

    def run(self) -> None:
        try:
            rows = socket.getaddrinfo(self._host, None, type=socket.SOCK_STREAM)
            addresses = (address_of(str(row[4][0]).partition("%")[0]) for row in rows)
            self.found = tuple(dict.fromkeys(each for each in addresses if each is not None))
            if not self.found:
                self.error = OSError(errno.EADDRNOTAVAIL, "it has no address")
        except OSError as error:  # also gaierror
            self.error = error
        except UnicodeError as error:
            self.error = OSError(errno.EINVAL, str(error))
        self.bell.ring()
        self.leave()

    def leave(self) -> None:
        """Give the bell back when neither thread needs it: its number may be another file's then."""
        with self._lock:
            self._over += 1
            if self._over == 2:
                self.bell.close()
