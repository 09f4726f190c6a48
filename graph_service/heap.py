"""Memory that nobody uses goes back to the system, where the C library is glibc.

Source: mallopt(3), malloc_trim(3); Python's ``gc``.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc

#: glibc's mallopt: M_MMAP_THRESHOLD in bytes, M_ARENA_MAX (malloc.h).
MALLOC = {-3: 256 * 1024, -8: 2}
#: New objects after which Python looks for garbage. To take away 50,000 at once holds up everybody
#: for up to 70 ms, and pages leave rings of objects behind.
GARBAGE = 10_000


def set_up() -> None:
    """Prepare a process that answers until it ends, before it has threads.

    Left alone, glibc makes a heap for each thread and holds texts of up to 32 MB in them; an eighth
    of the memory of a process that has answered much. Here are two heaps, and long texts outside
    them.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        libc = ctypes.CDLL(None)
        for option, value in MALLOC.items():
            libc.mallopt(option, value)


def settle() -> None:
    """Look past what is there now when garbage is looked for, and look seldom.

    An answer makes thousands of objects and no cycles: it saves 7 %.
    """
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 20)


def give_back() -> None:
    """Find what nobody can reach, and return what is free: after a snapshot went out of service.

    A program of :mod:`graph_service.plans` is a ring of functions, which only the collector finds.
    """
    gc.collect()
    trim()


def trim() -> None:
    """Return what is free: after a large answer, 80 of 218 MB in 13 ms, in which Python goes on."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
