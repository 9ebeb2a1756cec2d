"""Time reading a large history against plain pandas (``read_csv`` and ``groupby``), in the same run.

    python benchmarks/read.py --lines 10_000_000          order lines with dates, added up by rep, product and month
    python benchmarks/read.py --panel 10000x20x36         one line for each rep × product × month

Both sides run in a process of their own, one after the other. The pandas side only parses and adds up: it checks
nothing. Prints one JSON line last: lines, megabytes, rows, seconds, panel_seconds, peak_gib, peer_seconds,
peer_peak_gib, ratio (peer / ours), cpu_seconds, peer_cpu_seconds, cpu_ratio.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

SCENARIO = """target = 1
first_month = "2027-01"
last_month = "2027-12"
[data]
history = "../history.csv"
roster = "../roster.csv"
"""
REPS, PRODUCTS, DAYS = 1000, 25, 1096


def main() -> None:
    """Run the benchmark; with a side it is the process of that side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--lines", type=int, default=10_000_000, help="order lines of 1,000 reps × 25 products × 3 years"
    )
    parser.add_argument("--panel", help="reps x products x months, instead of order lines")
    parser.add_argument("--side", choices=["ours", "peer"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        print(json.dumps((read if args.side == "ours" else peer)(args.folder)))
        return
    with tempfile.TemporaryDirectory(prefix="quotaopt-benchmark-") as name:
        folder = Path(name)
        shape = tuple(map(int, args.panel.split("x"))) if args.panel else None
        make(folder, args.lines, shape)
        ours, theirs = (run(side, folder) for side in ("ours", "peer"))
        assert ours["rows"] == theirs["rows"]
        assert abs(ours["total"] - theirs["total"]) < 1e-9 * theirs["total"]
        size = (folder / "history.csv").stat().st_size
    told = {"megabytes": round(size / 1e6), **ours, **{f"peer_{key}": theirs[key] for key in TOLD}}
    told["ratio"], told["cpu_ratio"] = (round(theirs[k] / ours[k], 2) for k in ("seconds", "cpu_seconds"))
    print(json.dumps(told))


TOLD = ("seconds", "cpu_seconds", "peak_gib")


def make(folder: Path, lines: int, shape: tuple[int, ...] | None) -> None:
    """Write a planning project: order lines, or a full panel of this shape."""
    import duckdb

    (folder / "scenarios").mkdir()
    (folder / "scenarios/s.toml").write_text(SCENARIO, encoding="utf-8")
    reps, products, months = shape or (REPS, PRODUCTS, 0)
    roster = "".join(f"R{k:05},Region {k % 8}\n" for k in range(reps))
    (folder / "roster.csv").write_text(f"rep_id,region\n{roster}", encoding="utf-8")
    rep, product = "'R' || lpad(({})::VARCHAR, 5, '0') AS rep_id", "'P' || lpad(({})::VARCHAR, 2, '0') AS product_id"
    amount = "((hash(i, 3) % 1000000) / 100.0)::DECIMAL(12, 2) AS amount"
    if shape:
        lines = reps * products * months
        rep, product = rep.format(f"i // {products * months}"), product.format(f"(i // {months}) % {products}")
        when = f"strftime(DATE '2027-01-01' - to_months(({months} - i % {months})::INTEGER), '%Y-%m') AS month"
        chosen = f"{rep}, {product}, {when}, {amount}"
    else:
        rep, product = rep.format(f"(hash(i, 1) % {reps})"), product.format(f"hash(i, 2) % {products}")
        chosen = (
            f"{rep}, {product}, DATE '2024-01-01' + (hash(i, 4) % {DAYS})::INTEGER AS date, {amount}, i AS order_id"
        )
    path = (folder / "history.csv").as_posix()
    duckdb.connect().execute(f"COPY (SELECT {chosen} FROM range({lines}) t(i)) TO '{path}' (HEADER)")


def run(side: str, folder: Path) -> dict[str, float]:
    """One side in a process of its own."""
    command = [sys.executable, __file__, "--side", side, "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def read(folder: Path) -> dict[str, float]:
    """Read and check everything as `quotaopt check` does, then align it as every forecast does."""
    from quotaopt.forecast import make_past
    from quotaopt.scenario import load_scenario
    from quotaopt.tables import read_inputs

    wall, cpu = perf_counter(), process_time()
    scenario = load_scenario("s", folder)
    inputs = read_inputs(scenario)
    told = {"rows": len(inputs.history), **_used(wall, cpu)}
    wall = perf_counter()
    make_past(inputs, scenario.settings)
    return {**told, "total": float(inputs.history["amount"].sum()), "panel_seconds": round(perf_counter() - wall, 1)}


def peer(folder: Path) -> dict[str, float]:
    """The same sums by pandas."""
    import pandas as pd

    wall, cpu = perf_counter(), process_time()
    frame = pd.read_csv(folder / "history.csv")
    month = frame["month"] if "month" in frame else frame["date"].str[:7]
    sums = frame.groupby(["rep_id", "product_id", month])["amount"].sum()
    return {"rows": len(sums), **_used(wall, cpu), "total": float(sums.sum())}


def _used(wall: float, cpu: float) -> dict[str, float]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    return {
        "seconds": round(perf_counter() - wall, 1),
        "cpu_seconds": round(process_time() - cpu, 1),
        "peak_gib": round(peak, 2),
    }


if __name__ == "__main__":
    main()
