"""Sphinx: ``sphinx-build docs docs/_build`` makes the pages; they are plain Markdown and read well without it."""

from quotaopt import __version__

project = "quotaopt"
author = "quotaopt contributors"
release = __version__
extensions = ["myst_parser"]
html_theme = "furo"
