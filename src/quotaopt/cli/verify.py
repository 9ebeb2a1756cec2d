"""``quotaopt verify``: check a run on disk again."""

from __future__ import annotations

import click

from quotaopt.cli.frame import Options, command


@command
@click.argument("run")
@click.option("--rerun", is_flag=True, help="Plan again as well, and compare every table.")
def verify(options: Options, run: str, rerun: bool) -> int:
    """Check the written quotas of a run against every rule, or a frozen plan against its ledger."""
    from quotaopt.archive import find_run
    from quotaopt.recheck import recheck
    from quotaopt.report.verify import fault_table, verify_lines

    if (options.folder / "plans" / run / "plan.json").is_file():
        return _verify_plan(options, run)
    found = find_run(options.folder, run)
    verdict = recheck(found, options.folder, rerun)
    options.emit("verify", fault_table(verdict), verify_lines(found, verdict, rerun), run=found.id)
    return 1 if verdict.faults else 0


def _verify_plan(options: Options, name: str) -> int:
    import pandas as pd

    from quotaopt.frozen import check_plan, find_plan
    from quotaopt.report.verify import plan_lines

    plan = find_plan(options.folder, name)
    faults = check_plan(plan)
    options.emit("verify", pd.DataFrame({"fault": faults}, dtype=str), plan_lines(plan, faults), plan=name)
    return 1 if faults else 0
