"""Confine this process: memory, priority, no core dumps, no network, death with its parent.

Linux; elsewhere what does not exist is left out, and :func:`confine` says so.

Sources: setrlimit(2), prctl(2), seccomp(2), proc(5).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2
ALLOW = 0x7FFF0000
DENY = 0x00050000 | errno.EACCES

#: Machine → audit number of its architecture, number of socket(2), number of io_uring_setup(2).
SYSCALLS = {
    "x86_64": (0xC000003E, 41, 425),
    "aarch64": (0xC00000B7, 198, 425),
}


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_void_p))


def confine(memory: int, parent: int, niceness: int = 19, *, network: bool = False) -> bool:
    """Confine the calling process; call it before any thread is started.

    Args:
        memory: address space in bytes; 0 for no limit.
        parent: process id of the parent, to notice that it died before we asked to follow it.
        niceness: how far to stand back for other processes, 0 to 19.
        network: leave the network open.

    Returns:
        Whether the network is closed too. The rest holds in any case.
    """
    os.nice(niceness)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    return not network and _close_network(libc)


def _close_network(libc: ctypes.CDLL) -> bool:
    """Let socket(2) and io_uring_setup(2) fail with EACCES in this process, by a seccomp filter.

    The guard refuses SERVICE and LOAD already; this holds if a text gets past it.
    """
    machine = platform.machine()
    if machine not in SYSCALLS:
        return False
    architecture, socket, io_uring = SYSCALLS[machine]
    x32 = 0x40000000
    load, jump_equal, jump_greater, give = 0x20, 0x15, 0x35, 0x06
    instructions = (
        (load, 0, 0, 4),
        (jump_equal, 0, 4, architecture),
        (load, 0, 0, 0),
        (jump_greater, 2, 0, x32),
        (jump_equal, 1, 0, socket),
        (jump_equal, 0, 1, io_uring),
        (give, 0, 0, DENY),
        (give, 0, 0, ALLOW),
    )
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *i) for i in instructions))
    wanted = _Filter(len(instructions), ctypes.addressof(program))
    return bool(
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        and libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(wanted), 0, 0) == 0
    )
