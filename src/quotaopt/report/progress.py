"""What is being done, on standard error: a line that changes on a terminal, plain lines when asked, else nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(quiet: bool, verbose: bool) -> Iterator[Callable[[str], None]]:
    """Yield a function that says what begins."""
    if verbose:
        yield lambda text: print(text, file=sys.stderr, flush=True)  # noqa: T201
    elif quiet or not sys.stderr.isatty():
        yield lambda text: None
    else:
        from rich.console import Console

        with Console(stderr=True).status("reading") as status:
            yield status.update
