"""The section on a simulation: how soon somebody comes, who is not served, how busy posts are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gridplan.briefing.facts import Facts
from gridplan.briefing.figure_texts import UNKNOWN, make_table, say_share
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.section import Section, Table
from gridplan.errors import PlanError
from gridplan.tables.roles import read_roles
from gridplan.tables.schema import Language
from gridplan.tables.words import list_words, say

REQUESTS_FILE, POSTS_FILE = "requests.csv", "posts.csv"
NEEDED = ("level", "of", "measure", "mean")
# Measures of the table, in its order: minutes are said in the unit that suits them.
MEASURES = (
    *("requests", "answered_share", "response_minutes", "resolved_share", "resolution_minutes"),
    *("green_share", "yellow_share", "red_share", "up_share", "satisfied_share", "waiting"),
)
KINDS = ("request", "wish")
LOAD = "load:"  # before the role whose posts are that busy
DAY, HOURS = 1440, 120  # minutes from which a time is said in days, and in hours


def read_simulation(folder: str | Path) -> pd.DataFrame:
    """Read the figures of the city that ``gridplan simulate PLAN --csv FOLDER`` wrote.

    Only the whole is read; how busy the posts of each role are is added as
    ``load:ROLE`` where the folder has their table.

    Returns
    -------
    Columns scenario, kind, measure, mean, low and high.

    Raises
    ------
    PlanError
        If the folder does not hold such figures, with the command that writes them.
    """
    place = Path(folder)
    again = f"run: gridplan simulate PLAN --csv {place}"
    file = place / REQUESTS_FILE
    if not file.is_file():
        raise PlanError(f"{place} has no {REQUESTS_FILE} -> {again}")
    try:
        table = pd.read_csv(file, encoding="utf-8-sig", dtype={"of": str, "level": str})
    except (ValueError, UnicodeDecodeError) as error:
        raise PlanError(f"{file} cannot be read: {error} -> {again}") from error
    lacks = [name for name in NEEDED if name not in table]
    if lacks:
        raise PlanError(f"{file} lacks {', '.join(lacks)} -> {again}")
    loads = _read_loads(place / POSTS_FILE)
    return pd.concat([take_city(table), loads], ignore_index=True)


def take_city(table: pd.DataFrame) -> pd.DataFrame:
    """Take the rows of the whole; one scenario and requests where the table names neither."""
    if "level" in table:
        table = table[table["level"] == "city"]
    for column, value in (("scenario", "base"), ("kind", "request"), ("low", np.nan)):
        if column not in table:
            table = table.assign(**{column: value})
    if "high" not in table:
        table = table.assign(high=np.nan)
    return table[["scenario", "kind", "measure", "mean", "low", "high"]].reset_index(drop=True)


def _read_loads(file: Path) -> pd.DataFrame:
    """Read how busy the posts of each role are on duty: the mean over its posts."""
    columns = ["scenario", "kind", "measure", "mean", "low", "high"]
    if not file.is_file():
        return pd.DataFrame(columns=columns)
    posts = pd.read_csv(file, encoding="utf-8-sig", dtype=str)
    if not {"scenario", "role", "load"} <= set(posts):
        return pd.DataFrame(columns=columns)
    load = pd.to_numeric(posts["load"], errors="coerce")
    means = load.groupby([posts["scenario"], posts["role"]], sort=True).mean().reset_index()
    means = means.rename(columns={"load": "mean"})
    return means.assign(kind="request", measure=LOAD + means["role"], low=np.nan, high=np.nan)[
        columns
    ]


def write_simulation(facts: Facts, request: BriefingRequest) -> Section:
    """Write the section on a simulation; without one it says how to make it."""
    lang = request.lang
    title = say("section.simulation", lang)
    missing = (say("section.missing_simulation", lang),)
    if request.simulation is None:
        return Section("simulation", title, title, (), missing=missing)
    table = take_city(request.simulation)
    scenarios = list(dict.fromkeys(table["scenario"].astype(str)))
    if not scenarios:
        return Section("simulation", title, title, (), missing=missing)
    first = table[table["scenario"].astype(str) == scenarios[0]]
    requests = _index(first, "request")
    sentences = [
        *_write_requests(requests, lang),
        *_write_wishes(_index(first, "wish"), lang),
        *_write_loads(first, lang),
        say("section.simulated", lang),
    ]
    tables = [_make_measure_table(facts, table, scenarios, lang), *_make_load_table(first, lang)]
    finding = _write_finding(requests, lang) or title
    return Section("simulation", title, finding, tuple(sentences), tuple(t for t in tables if t))


def _index(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    rows = table[(table["kind"] == kind) & table["mean"].notna()]
    return rows.drop_duplicates("measure").set_index("measure")[["mean", "low", "high"]]


def _write_finding(rows: pd.DataFrame, lang: Language) -> str:
    if not {"response_minutes", "answered_share"} <= set(rows.index):
        return ""
    return say(
        "section.simulation_finding",
        lang,
        response=say_minutes(float(rows.loc["response_minutes", "mean"]), lang),
        answered=say_share(float(rows.loc["answered_share", "mean"]), lang),
    )


def _write_requests(rows: pd.DataFrame, lang: Language) -> list[str]:
    """Write how soon requests are answered and settled, and how many are not."""
    sentences = []
    for key, wanted in (
        ("sim_response", ("response_minutes", "answered_share")),
        ("sim_resolution", ("resolution_minutes", "resolved_share")),
        ("sim_up", ("up_share",)),
        ("sim_red", ("red_share",)),
    ):
        if set(wanted) <= set(rows.index):
            values = {name: _say_mean(name, rows.loc[name], lang) for name in wanted}
            sentences.append(say(f"section.{key}", lang, **values))
    return sentences


def _write_wishes(rows: pd.DataFrame, lang: Language) -> list[str]:
    """Write how many wishes are taken up, and how soon."""
    if not {"answered_share", "response_minutes"} <= set(rows.index):
        return []
    names = ("answered_share", "response_minutes")
    values = {name: _say_mean(name, rows.loc[name], lang) for name in names}
    return [say("section.sim_wish", lang, **values)]


def _list_loads(table: pd.DataFrame, lang: Language) -> list[tuple[str, float]]:
    """List how busy the posts of each role are, the busiest first."""
    rows = table[table["measure"].str.startswith(LOAD) & table["mean"].notna()]
    roles = {role.role: role for role in read_roles()}
    names = rows["measure"].str.removeprefix(LOAD)
    pairs = [
        ((roles[name].zh if lang == "zh" else roles[name].en), name, float(mean))
        for name, mean in zip(names, rows["mean"], strict=True)
        if name in roles
    ]
    pairs.sort(key=lambda pair: (-pair[2], pair[1]))
    return [(label, mean) for label, _, mean in pairs]


def _write_loads(table: pd.DataFrame, lang: Language) -> list[str]:
    """Write whose posts are busiest."""
    loads = _list_loads(table, lang)
    if not loads:
        return []
    label, mean = loads[0]
    return [say("section.sim_load", lang, role=label, load=say_share(mean, lang))]


def _make_load_table(table: pd.DataFrame, lang: Language) -> list[Table]:
    """Make the table of how busy posts are on duty, by role."""
    loads = _list_loads(table, lang)
    if not loads:
        return []
    columns = say("section.columns_loads", lang).split("|")
    rows = [(label, say_share(mean, lang)) for label, mean in loads]
    return [make_table(say("section.caption_loads", lang), columns, rows, lang)]


def _make_measure_table(
    facts: Facts, table: pd.DataFrame, scenarios: list[str], lang: Language
) -> Table:
    """Make the table of measures, a column for each scenario and kind, with intervals."""
    kinds = [kind for kind in KINDS if (table["kind"] == kind).any()]
    names = list_words("section", lang)
    rules = facts.plan.rules.simulation
    hours = {"green": f"{rules.green_hours:g}", "yellow": f"{rules.yellow_hours:g}"}
    cells = {
        (scenario, kind): _index(table[table["scenario"].astype(str) == scenario], kind)
        for scenario in scenarios
        for kind in kinds
    }
    rows = []
    for measure in MEASURES:
        texts = [
            _say_interval(measure, one.loc[measure], lang) if measure in one.index else UNKNOWN
            for one in cells.values()
        ]
        if any(text != UNKNOWN for text in texts):
            rows.append((names[f"measure_{measure}"].format(**hours), *texts))
    heads = [
        names[f"kind_{kind}"] if len(scenarios) == 1 else f"{scenario}：{names[f'kind_{kind}']}"
        for scenario, kind in cells
    ]
    columns = [say("section.measure", lang), *heads]
    note = say("section.note_interval", lang)
    return make_table(say("section.caption_simulation", lang), columns, rows, lang, notes=[note])


def _say_mean(measure: str, row: pd.Series[float], lang: Language) -> str:
    return _say(measure, float(row["mean"]), lang)


def _say_interval(measure: str, row: pd.Series[float], lang: Language) -> str:
    """Say a mean, and the ends of its interval in brackets where they are known."""
    mean = _say(measure, float(row["mean"]), lang)
    low, high = float(row["low"]), float(row["high"])
    if np.isnan(low) or np.isnan(high):
        return mean
    ends = (_say(measure, low, lang), _say(measure, high, lang))
    return say("section.interval", lang, mean=mean, low=ends[0], high=ends[1])


def _say(measure: str, value: float, lang: Language) -> str:
    """Say a value of a measure: a share in per cent, a time in its unit, a number."""
    if measure.endswith("_share"):
        return say_share(value, lang)
    if measure.endswith("_minutes"):
        return say_minutes(value, lang)
    return f"{value:.1f}"


def say_minutes(value: float, lang: Language) -> str:
    """Say a time in minutes, hours or days, whichever suits it.

    Examples
    --------
    >>> say_minutes(76.4, "zh"), say_minutes(191, "en"), say_minutes(4500, "zh")
    ('76分钟', '3.2 hours', '3.1天')
    """
    if value >= DAY:
        return say("section.days", lang, value=f"{value / DAY:.1f}")
    if value >= HOURS:
        return say("section.hours", lang, value=f"{value / 60:.1f}")
    return say("section.minutes", lang, value=f"{value:.0f}")
