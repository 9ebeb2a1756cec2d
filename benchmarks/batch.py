"""A batch of scenarios on one project, against the seconds its solves take by themselves.

    python benchmarks/batch.py --size 200x10x12 --scenarios 100 --jobs 2

makes the project of ``main_job.py``, runs ``quotaopt run --vary target=…`` on it in a process of its own, and prints
the seconds of the batch, the sums of what its runs say they spent on each stage, and one line of JSON last. What is in
no stage is starting, writing and reading back; with two processes the clock may run less than the sum.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path
from time import perf_counter

from main_job import make_project


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="200x10x12", help="reps x products x months")
    parser.add_argument("--scenarios", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="quotaopt-benchmark-") as folder:
        make_project(Path(folder), *map(int, args.size.split("x")), seed=args.seed)
        line = {"size": args.size, "scenarios": args.scenarios, "jobs": args.jobs}
        line |= run_batch(Path(folder), args.scenarios, args.jobs)
    for name in ("seconds", "read", "forecast", "capacity", "solve"):
        print(f"{name:10} {line[name]:8.2f} s")
    print(f"the batch takes {line['per_solve']} s of the clock for each second of solving")
    print(json.dumps(line))


def run_batch(project: Path, size: int, jobs: int) -> dict[str, float]:
    """Seconds of the batch, and the sums over its runs."""
    (scenario,) = (project / "scenarios").glob("benchmark.toml")
    target = int(tomllib.loads(scenario.read_text(encoding="utf-8"))["target"])
    values = ",".join(str(round(target * (0.99 + 0.01 * k / max(size - 1, 1)))) for k in range(size))
    source = Path(__file__).resolve().parents[1] / "src"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(source), os.getenv("PYTHONPATH", "")])),
    }
    command = [sys.executable, "-m", "quotaopt", "run", "benchmark", "--vary", f"target={values}", "--jobs", str(jobs)]
    began = perf_counter()
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    seconds = perf_counter() - began
    if done.returncode not in (0, 3):
        sys.exit(f"the batch ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    spent = Counter[str]()
    records = [json.loads(path.read_text(encoding="utf-8")) for path in (project / "runs").glob("*/run.json")]
    for record in records:
        spent.update(record["seconds"])
    wall = {"runs": len(records), "seconds": round(seconds, 2), "per_solve": round(seconds / spent["solve"], 2)}
    return wall | {name: round(value, 2) for name, value in spent.items()}


if __name__ == "__main__":
    main()
