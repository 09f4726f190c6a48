"""Ansvarsgraf: who is responsible for what in Danish cross-sector health care."""

__version__ = "0.1.0"
