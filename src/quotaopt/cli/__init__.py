"""The command line. Only this folder imports click; importing it imports nothing heavy."""

from quotaopt.cli import commands, explain, export, forecast, house, new, quality, report, share, verify
from quotaopt.cli.frame import COMMON, LOG, cli, main

__all__ = [
    "COMMON",
    "LOG",
    "cli",
    "commands",
    "explain",
    "export",
    "forecast",
    "house",
    "main",
    "new",
    "quality",
    "report",
    "share",
    "verify",
]
