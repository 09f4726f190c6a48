"""Run ``ansvarsgraf`` in a process that kills itself at a given moment.

``python -m tests.server.dying EVENT WORD COMMAND…``: the moment is the first of Python's audit events
of that name whose arguments name the word; it comes before what it tells of. Nothing of the program
is replaced, and SIGKILL leaves it no time for anything.

Source: Python's table of audit events; sys.addaudithook.
"""

from __future__ import annotations

import os
import signal
import sys

from graph_service.cli import main

if __name__ == "__main__":
    wanted, word, *command = sys.argv[1:]

    def look(event: str, arguments: tuple[object, ...]) -> None:
        if event == wanted and word in str(arguments):
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(look)
    sys.exit(main(command))
