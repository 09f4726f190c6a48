"""What each command of ``ansvarsgraf`` does; the grammar is in :mod:`graph_service.cli`."""

from graph_service.commands.asking import (
    ask_command,
    coverage_command,
    query_command,
    show_command,
)
from graph_service.commands.building import build_command, serve_command
from graph_service.commands.reviewing import validate_command

__all__ = [
    "ask_command",
    "build_command",
    "coverage_command",
    "query_command",
    "serve_command",
    "show_command",
    "validate_command",
]
