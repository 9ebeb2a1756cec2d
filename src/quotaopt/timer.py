"""How long the stages of a run take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

Progress = Callable[[str], None]


class Timer:
    """Seconds of each stage; says which stage begins."""

    def __init__(self, progress: Progress) -> None:
        self.progress, self.seconds = progress, dict[str, float]()

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time one stage."""
        self.progress(stage)
        began = perf_counter()
        yield
        self.seconds[stage] = round(perf_counter() - began, 3)
