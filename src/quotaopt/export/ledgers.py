"""What else of a run can be sent: the quotas of another metric, and those of overlay reps."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd

from quotaopt.archive import Run, load_run, read_texts
from quotaopt.errors import UnknownNameError
from quotaopt.export.master import Master, read_master, whole_steps

QUOTAS, OVERLAY = "quotas", "overlay"
GOAL = "Quota"
"""What systems call a goal where nobody named it."""
SAFE = re.compile(r"[^\w.-]")
CELL = ["rep_id", "product_id", "period"]


def ledgers(run: Run) -> dict[str, str]:
    """The ledgers of a run by name: of each other metric the folder of its own plan in the run, else empty."""
    found = {QUOTAS: ""}
    if run.has("metrics"):
        rows = run.table("metrics")
        found |= {str(name): str(place) for name, place in zip(rows["metric"], rows["run"], strict=True) if place}
    covered = run.has(OVERLAY) and (run.table(OVERLAY)["level"] == "cell").any()
    return found | ({OVERLAY: ""} if covered else {})


def read_ledger(run: Run, name: str) -> Master:
    """The quotas of one ledger of a run; what counts no money has no currency.

    Raises
    ------
    UnknownNameError
        If the run has no such ledger.
    NoPlanError
        If the metric has no plan.
    """
    known = ledgers(run)
    if name not in known:
        raise UnknownNameError("ledger of this run", name, known)
    master = read_master(run)
    if name == QUOTAS:
        return master
    if name == OVERLAY:
        return _overlay(master)
    other = load_run(run.folder / known[name])
    cells = other.table("quotas")
    settings = master.scenario.settings.model_copy(update={"currency": ""})
    scenario = replace(master.scenario, settings=settings)
    texts = read_texts(other.folder / "quotas.csv")["quota"]
    return Master(other, scenario, cells, *whole_steps(texts))


def counts_money(ledger: str) -> bool:
    """Whether a ledger is one of money: all but those of other metrics."""
    return ledger in (QUOTAS, OVERLAY)


def name_goal(name: str, ledger: str) -> str:
    """The name of a goal; that of another ledger is not that of the quotas."""
    return f"{name} {ledger}" if ledger != QUOTAS and name == GOAL else name


def _overlay(master: Master) -> Master:
    """The quotas of overlay reps, with a row for every period."""
    texts = read_texts(master.run.folder / "overlay.csv")
    texts = texts[texts["level"] == "cell"]
    pairs = texts.drop_duplicates(["rep_id", "product_id"])[["rep_id", "rep_name", "product_id"]]
    cells = pairs.merge(pd.DataFrame({"period": master.periods}), how="cross")
    cells = cells.merge(texts[[*CELL, "quota"]], on=CELL, how="left").fillna({"quota": "0"}).assign(region="")
    return Master(master.run, master.scenario, cells.drop(columns="quota"), *whole_steps(cells["quota"]))


def file_name(system: str, ledger: str, noun: str) -> str:
    """``salesforce-quotas.csv``, or ``salesforce-units-quotas.csv`` of another ledger."""
    return "-".join(filter(None, (system, "" if ledger == QUOTAS else SAFE.sub("-", ledger), noun))) + ".csv"
