"""The command line. Only this folder imports click; importing it imports nothing heavy."""

from quotaopt.cli import commands, explain, export, forecast, house, merge, new, quality, report, verify
from quotaopt.cli.frame import COMMON, LOG, cli, main

__all__ = [
    "COMMON", "LOG", "cli", "commands", "explain", "export", "forecast", "house", "main", "merge", "new", "quality",
    "report", "verify",
]  # fmt: skip
