"""Call a function in a process of its own: it may take too long, crash or be killed without harm to this one.

A plain subprocess instead of `multiprocessing`, whose fresh processes run the caller's script again. The function
goes over by name, its arguments and what it returns as pickles in a private folder, which is also where the process
and the programs it starts put their temporary files.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

TASK, ANSWER, TALK = "task.pickle", "answer.pickle", "stderr.txt"
START = "import sys; from quotaopt.apart import answer; answer(sys.argv[1])"
LAST_WAIT = 10.0  # seconds a killed process gets to vanish


class StoppedError(Exception):
    """The process gave no answer; its text says why, `late` whether the time limit is."""

    def __init__(self, why: str, late: bool = False) -> None:
        super().__init__(why)
        self.late = late


def call_apart(function: Callable[..., T], *arguments: Any, seconds: float) -> T:
    """What ``function(*arguments)`` returns, computed in a process of its own.

    The process and everything it has started are gone when this returns.

    Parameters
    ----------
    function : at the top level of a module.
    seconds : until the process is killed.

    Raises
    ------
    StoppedError
        If it is killed, by the time limit or by others, crashes, or the function raises.
    """
    with tempfile.TemporaryDirectory(prefix="quotaopt-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        (home / TASK).write_bytes(pickle.dumps((function, arguments)))
        code = _run(home, seconds)
        if code is None:
            raise StoppedError(f"was stopped after {seconds:.0f} s without an answer", late=True)
        if code != 0:
            said = (home / TALK).read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise StoppedError(f"{_ending(code)}{f': {said[-1]}' if said else ''}")
        done: T = pickle.loads((home / ANSWER).read_bytes())  # noqa: S301 - our own process wrote it
        return done


def _run(home: Path, seconds: float) -> int | None:
    """Exit code of the process, None when it had to be stopped."""
    paths = os.pathsep.join(filter(None, sys.path))
    environment = os.environ | {"PYTHONPATH": paths} | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(home))
    with (home / TALK).open("wb") as talk:
        process = subprocess.Popen(  # noqa: S603 - this interpreter
            [sys.executable, "-P", "-c", START, str(home)],
            stdin=subprocess.PIPE,  # never written to: it ends when this process does
            stdout=subprocess.DEVNULL,
            stderr=talk,
            env=environment,
            start_new_session=True,
        )
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a process and of those it has started, and wait for it."""
    if hasattr(os, "killpg"):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # macOS says the latter of a group that is gone
            process.kill()
    elif process.poll() is None:
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)  # noqa: S603, S607
    if process.stdin:
        process.stdin.close()
    process.wait(LAST_WAIT)


def _ending(code: int) -> str:
    """How a process ended, in words."""
    if code < 0 and -code in set(signal.Signals):
        return f"its process was killed by {signal.Signals(-code).name}"
    return f"its process crashed (exit code {code})"


def answer(folder: str) -> None:
    """Be the other process: read the task, do it, write the answer."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    home = Path(folder)
    function, arguments = pickle.loads((home / TASK).read_bytes())  # noqa: S301 - the parent wrote it
    (home / ANSWER).write_bytes(pickle.dumps(function(*arguments)))


def _end_with_parent() -> None:
    """Wait until standard input ends, as it does when the parent is killed; then end with all that was started."""
    os.read(0, 1)  # not sys.stdin, whose lock a thread that waits would hold when the interpreter ends
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
