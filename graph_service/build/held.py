"""Who serves a snapshot holds its folder, so that nobody who publishes removes it.

A server may answer from a snapshot long after others were published: until it is told to reload. It
holds the folder by a shared lock, which ends with the process, however that ends, so a crash leaves
nothing behind. The lock is on the folder itself, which takes no right to write.

Each process opens the folder for itself: a lock belongs to what was opened, and a copy of that, as
fork makes, would keep it when the one who locked has let go.

Source: flock(2).
"""

from __future__ import annotations

import fcntl
import os
import weakref
from pathlib import Path

#: Closed in every program that is started.
OPENED = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Hold:
    """Holds a folder until nobody has this object any more.

    Where the folder cannot be locked, as on file systems without locks, nothing is held: the newest
    few are kept in any case.

    Args:
        folder: the folder of a snapshot.
    """

    def __init__(self, folder: Path) -> None:
        try:
            opened = os.open(folder, OPENED)
        except OSError:
            return
        weakref.finalize(self, os.close, opened)
        _locked(opened, fcntl.LOCK_SH)


def is_held(folder: Path) -> bool:
    """Whether some process on this machine holds a folder, this one included."""
    try:
        opened = os.open(folder, OPENED)
    except OSError:
        return False
    try:
        return not _locked(opened, fcntl.LOCK_EX)
    finally:
        os.close(opened)


def _locked(opened: int, how: int) -> bool:
    """Lock what was opened; whether nobody else's lock is in the way."""
    try:
        fcntl.flock(opened, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True
