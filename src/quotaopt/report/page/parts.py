"""The parts of a report that need no script, as HTML: sentences and small tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from quotaopt.archive import Run
from quotaopt.report.compare import names_of, scope_words
from quotaopt.report.compare_page import compare_cards
from quotaopt.report.findings import in_language
from quotaopt.report.measures import number
from quotaopt.report.render import each, money, percent, ratio
from quotaopt.report.why import part
from quotaopt.report.words import rule_words, words

MOST_ROWS, MOST_SCOPES = 30, 6
CENT = 0.005
SUMMED = {"all": None, "region": "region", "rep": "rep_id", "product": "product_id", "period": "period"}
SENSES = {"<=": "≤", ">=": "≥", "==": "="}
Say = Mapping[str, str]


def html_table(heads: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1, last: bool = False) -> str:
    """A table whose cells are HTML already; the first `left` columns stand to the left, `last` sets a total apart."""
    body = list(rows)
    kind = ["l" if k < left else "r" for k in range(max([len(heads), *map(len, body)]))]
    head = "".join(f'<th class="{c}" scope="col">{escape(text)}</th>' for text, c in zip(heads, kind, strict=False))
    lines = [
        f"<tr{' class=last' * (last and k == len(body) - 1)}>"
        + "".join(f'<td class="{c}">{cell}</td>' for cell, c in zip(row, kind, strict=False))
        + "</tr>"
        for k, row in enumerate(body)
    ]
    top = f"<thead><tr>{head}</tr></thead>" if heads else ""
    return f'<div class="scroll"><table>{top}<tbody>{"".join(lines)}</tbody></table></div>'


def part_names(text: str) -> str:
    """A long name that may break after each part."""
    return text.replace("/", "/\u200b").replace("_", "_\u200b") if len(text) > MOST_ROWS else text


def story(lines: Iterable[str]) -> str:
    """Sentences in a card."""
    return f'<div class="card"><ul>{"".join(f"<li>{escape(line)}</li>" for line in lines)}</ul></div>'


def change(value: float, language: str) -> str:
    """A ratio with its sign, as the language writes it."""
    return percent(value).replace(" ", " " if language == "en" else "")


# Summary.


def summary(run: Run, reps: pd.DataFrame, language: str) -> str:
    """Tiles: target, growth, stretch, chance, status, whether it was checked."""
    say = words(language)
    tiles = "".join(
        f'<div class="card tile"><p class="soft small">{escape(head)}</p><b class="{kind}">{escape(value)}</b>'
        f'<p class="soft small">{escape(text)}</p></div>'
        for head, value, text, kind in _tiles(run, reps, say, language)
    )
    return f'<div class="tiles">{tiles}</div>'


def _tiles(run: Run, reps: pd.DataFrame, say: Say, language: str) -> Iterator[tuple[str, str, str, str]]:
    record = run.record
    over, planned = float(record["overassignment"]), run.has("quotas")
    asked = say["tile.quotas" if over else "tile.quotas_even"]
    quota = money(float(record["quota"])) if planned else "–"
    yield say["tile.target"], money(float(record["target"])), asked.format(quota=quota, over=part(over, language)), ""
    if planned:
        whole = run.table("totals").query("level == 'all'").iloc[0]
        if whole["last_year"] > 0:
            sold = say["tile.last"].format(amount=money(whole["last_year"]))
            yield say["tile.growth"], change(whole["change"], language), sold, ""
        stretch, chance = reps["stretch"].dropna(), reps["chance"].dropna()
        span = say["tile.highest"].format(low=ratio(stretch.min()), high=ratio(stretch.max()))
        yield say["tile.stretch"], ratio(stretch.median()) or "–", span, ""
        if len(chance):
            likely = say["tile.likely"].format(count=int((chance >= 0.5).sum()), all=len(chance))
            yield say["tile.chance"], part(chance.median(), language), likely, ""
    solver = say["status.by"].format(solver=record["solver"], version=record["solver_version"])
    yield say["tile.status"], say.get(f"status.{run.status}", run.status), solver, "" if planned else "bad"
    yield (say["tile.checked"], *_checked(run, say)) if planned else (say["tile.checked"], say["checked.none"], "", "")


def _checked(run: Run, say: Say) -> tuple[str, str, str]:
    """Whether the quotas, as they stand in the folder now, add up to every total."""
    quotas, totals = run.table("quotas"), run.table("totals")
    for level, column in SUMMED.items():
        written = totals[totals["level"] == level].set_index("key")["quota"]
        sums = quotas.groupby(quotas[column] if column else np.full(len(quotas), str(written.index[0])))["quota"].sum()
        if not ((sums - written).abs() < CENT).all() or len(sums) != len(written):
            return say["checked.no"], say["checked.bad"].format(run=run.id), "bad"
    return say["checked.yes"], say["checked.about"].format(count=f"{run.record['counts']['quotas']:,}"), "good"


# Comparison, regions, reps.


def comparison(runs: Sequence[Run], language: str) -> str:
    """Key figures and regions of the runs side by side, who moves most, limits gained and lost, whether sums tie."""
    cards = compare_cards(runs, language)
    return cards.replace(" %", "%") if language == "zh" else cards


def regions(run: Run, language: str) -> str:
    """Quota against last year and capacity, region by region, with a bar."""
    say = words(language)
    totals = run.table("totals")
    table = totals[totals["level"] == "region"].sort_values("quota", ascending=False, kind="stable")
    whole = totals[totals["level"] == "all"]
    most = float(np.nanmax([*table[["quota", "capacity", "last_year"]].to_numpy().ravel(), 1e-9]))
    heads = [say[f"col.{name}"] for name in ("region", "quota", "last_year", "change", "capacity", "stretch")]
    rows = [[escape(row.key or say["none"]), *_amounts(row, language), _bar(row, most, say)] for row in each(table)]
    rows += [[escape(say["sum"]), *_amounts(row, language), ""] for row in each(whole)]
    about = f'<p class="soft small">{escape(say["regions.about"])}</p>'
    return f'<div class="card bars">{html_table([*heads, ""], rows, last=True)}{about}</div>'


def _amounts(row: Any, language: str) -> list[str]:
    return [
        money(row.quota),
        money(row.last_year),
        change(row.change, language),
        money(row.capacity),
        ratio(row.stretch),
    ]


def _bar(row: Any, most: float, say: Say) -> str:
    """The quota as a bar, capacity and last year as lines across it."""
    at = {name: 100 * max(float(getattr(row, name)), 0.0) / most for name in ("quota", "capacity", "last_year")}
    label = ", ".join(f"{say['col.' + name]} {money(float(getattr(row, name)))}" for name in at)
    return (
        f'<svg class="bar" viewBox="0 0 100 16" preserveAspectRatio="none" role="img" aria-label="{escape(label)}">'
        f"<title>{escape(label)}</title>"
        f'<rect class="quota" x="0" y="3" width="{at["quota"]:.2f}" height="10"/>'
        f'<path class="capacity" d="M{at["capacity"]:.2f} 0V16"/>'
        f'<path class="before" d="M{at["last_year"]:.2f} 0V16"/></svg>'
    )


def rep_part(say: Say) -> str:
    """Where the script puts the table of reps."""
    return f'<div class="card"><p class="soft small">{escape(say["reps.about"])}</p><div id="table"></div></div>'


def spread_part(say: Say) -> str:
    """Where the script draws how stretch and chance are spread."""
    cards = "".join(f'<div class="card"><h3>{escape(say[f"spread.{k}"])}</h3><div id="{k}"></div></div>'
                    for k in ("stretch", "chance"))  # fmt: skip
    return f'<div class="pair">{cards}</div><p class="soft small">{escape(say["spread.about"])}</p>'


# Rules and fairness.


def limits(run: Run, language: str) -> str:
    """The limits that are reached, rule by rule, in sentences; soft ones that are missed; equations."""
    say, rules, names = words(language), run.table("rules"), names_of(run)
    missed = ~rules["hard"] & (rules["violation"] > 0)
    equal = rules["sense"] == "=="
    kinds = {
        "rules.missed": rules[missed],
        "rules.reached": rules[rules["binding"] & ~equal & ~missed],
        "rules.equal": rules[rules["binding"] & equal & ~missed],
    }
    out = "" if len(kinds["rules.reached"]) else f"<p>{escape(say['rules.none'])}</p>"
    for key, rows in kinds.items():
        if len(rows):
            lines = "".join(_limit_lines(rows, names, language))
            out += f"<h3>{escape(say[key])}</h3><ul>{lines}</ul>"
    return f'<div class="card">{out}</div>'


def _limit_lines(rows: pd.DataFrame, names: Mapping[str, str], language: str) -> Iterator[str]:
    """One line per rule; where few limits are reached each of them with its amount."""
    say = words(language)
    for rule, mine in rows.groupby("rule", sort=False):
        name = rule_words(language, str(rule))
        name = name[:1].upper() + name[1:]
        if len(mine) <= MOST_SCOPES:
            texts = [_limit(row, names, say) for row in each(mine)]
            text = say["rules.line"].format(rule=name, scope=say["and"].join(texts), sense="", limit="").rstrip()
        else:
            scopes = say["list"].join(_scope(row.scope, names, say) for row in each(mine.head(MOST_SCOPES)))
            scopes = say["more"].format(names=scopes, count=len(mine) - MOST_SCOPES)
            text = say["rules.many"].format(rule=name, count=len(mine), scopes=scopes)
        sources = say["list"].join(dict.fromkeys(source for source in mine["source"] if source))
        yield f'<li>{escape(text)} <span class="where">{escape(part_names(sources[:120]))}</span></li>'


def _limit(row: Any, names: Mapping[str, str], say: Say) -> str:
    scope = _scope(str(row.scope), names, say)
    text = f"{scope} {SENSES[str(row.sense)]} {money(row.limit)}"
    return text + (say["rules.by"].format(amount=money(row.violation)) if row.violation > 0 else "")


def _scope(scope: str, names: Mapping[str, str], say: Say) -> str:
    return say["all"] if scope == "all" else scope_words(scope, names).strip()


def fairness(run: Run, reps: pd.DataFrame, language: str) -> str:
    """Who stands at the peers' level, and who does not and why, the furthest first."""
    say = words(language)
    off = reps[reps["rule"] != ""]
    far = (off["level"] - off["block"]).abs().sort_values(ascending=False, kind="stable").index
    count = {"count": len(reps), "at": len(reps) - len(off), "stopped": len(off)}
    lines = [say["fair.some" if len(off) else "fair.all"].format(**count)]
    rows = [
        [
            escape(row.name or row.id),
            ratio(row.level),
            ratio(row.block),
            escape(row.rule),
            escape(part_names(row.source)),
        ]
        for row in each(off.loc[far].head(MOST_ROWS))
    ]
    heads = [say[f"col.{name}"] for name in ("rep", "level", "block", "rule", "source")]
    body = f"<p>{escape(lines[0])}</p>" + (html_table(heads, rows) if rows else "")
    if len(off) > MOST_ROWS:
        body += f'<p class="soft small">{escape(say["fair.more"].format(count=len(off) - MOST_ROWS))}</p>'
    measures = run.table("measures")
    if (measures.query("measure == 'certified_fair'")["value"] == 1).any():
        body += f"<p>{escape(say['fair.certified'])}</p>"
    return f'<div class="card">{body}{_measures(measures, language)}</div>'


def _measures(measures: pd.DataFrame, language: str) -> str:
    """Every measure, folded."""
    say = words(language)
    rows = [
        [row.measure, escape(in_language(row.about, language)), number(row.value, row.unit),
         escape(say["measures.look"]) if row.verdict == "look" else ""]
        for row in each(measures)
    ]  # fmt: skip
    heads = [say["col.measure"], "", say["col.value"], ""]
    return f"<details><summary>{escape(say['measures.all'])}</summary>{html_table(heads, rows, left=2)}</details>"


# Clash.


def clash(run: Run, language: str) -> str:
    """Limits that cannot hold together, and what was tried as a remedy."""
    say, table = words(language), run.table("conflicts")
    reps = run.table("outlook").query("level == 'rep' and name != ''")
    names = dict(zip(reps["key"], reps["name"], strict=True))
    tried = table["remedy"] != ""
    rows = [
        [escape(_clashing(row, names, language)), money(row.limit), money(row.activity), money(row.shortfall),
         escape(row.source)]
        for row in each(table[~tried].head(MOST_ROWS))
    ]  # fmt: skip
    heads = [say[f"col.{name}"] for name in ("rule", "limit", "asked", "short", "source")]
    enough = f" – <b>{escape(say['clash.enough'])}</b>"
    lines = "".join(
        f"<li>{escape(in_language(row.remedy, language))}{enough * bool(row.enough)}</li>" for row in each(table[tried])
    )
    remedies = f"<h3>{escape(say['clash.remedies'])}</h3><ul>{lines}</ul>" if lines else ""
    said = escape(in_language(run.record["sentence"], language))
    return f'<div class="card"><p>{said}</p>{html_table(heads, rows)}{remedies}</div>'


def _clashing(row: Any, names: Mapping[str, str], language: str) -> str:
    say = words(language)
    return say["page.limit"].format(rule=rule_words(language, row.rule), scope=_scope(row.scope, names, say))
