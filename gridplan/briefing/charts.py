"""The headline figures and the charts of a briefing: what is drawn, already computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridplan.briefing.catalogue import list_facts
from gridplan.briefing.facts import Facts
from gridplan.briefing.figure_texts import say_fact, say_share
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.section_coverage import list_city_reach
from gridplan.briefing.section_overview import find_out_of_band
from gridplan.rules.coverage import say_kind
from gridplan.tables.schema import Language
from gridplan.tables.words import say

MOST = 12  # categories of a chart; the rest are counted
FIGURES = 6  # printed large
# The facts that are printed large, those that matter most first, each with the one beside it.
LARGE = (
    ("households", ""),
    ("subgrids", "mean_households"),
    ("in_band", "likely_in_band"),
    ("branches", "groups"),
    ("grid_workers", "party_share"),
    ("reach", ""),
    ("volunteers", "volunteers_per_100"),
    ("central_households", "centre_share"),
    ("members", ""),
    ("exclusive", ""),
    ("special", ""),
)
CENTRE = "service_centre"


@dataclass(frozen=True)
class Headline:
    """A figure that is printed large: its name, the rounded value, its unit, a note below."""

    name: str
    value: str
    unit: str
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """What a chart shows: named series of a value for each category, in the order drawn.

    Values are in ``unit``, a share in percent; one that is suppressed or unknown is NaN.
    ``target`` is where a line is drawn, ``left_over`` how many categories have no place.
    """

    key: str
    title: str
    categories: tuple[str, ...]
    series: tuple[tuple[str, tuple[float, ...]], ...]
    unit: str
    target: float | None = None
    left_over: int = 0


def list_headlines(facts: Facts, request: BriefingRequest) -> list[Headline]:
    """List six headline figures at most, those that matter most first.

    Examples
    --------
    >>> from gridplan.briefing.facts import collect_facts
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> facts = collect_facts(release(make_board_plan()))
    >>> [(one.name, one.value) for one in list_headlines(facts, BriefingRequest(lang="en"))][:2]
    [('households', '120'), ('urban and rural sub-grids', '2')]
    """
    lang = request.lang
    headlines: list[Headline] = []
    for name, beside in LARGE:
        if name == "reach":
            headlines += _make_reach_headline(facts, lang)
        else:
            headlines += _make_headline(facts, name, beside, lang)
    return headlines[:FIGURES]


def _make_headline(facts: Facts, name: str, beside: str, lang: Language) -> list[Headline]:
    """Make a headline figure of a fact and the one beside it; none where it has no value."""
    value, fact = facts.find(name), list_facts()[name]
    # A nought printed large says that something is missing, which a section says better.
    if not value.is_told or not value.value:
        return []
    if name == "households":
        note = _note_households(facts, lang)
    else:
        other = say_fact(facts, beside, lang) if beside else ""
        name_beside = list_facts()[beside].name(lang) if beside else ""
        note = say("section.beside", lang, name=name_beside, value=other) if other else ""
    text = say_fact(facts, name, lang)
    unit = fact.count_in(lang)
    if fact.unit == "share":
        text, unit = text.rstrip("% "), "%"
    return [Headline(fact.name(lang), text, unit, note)]


def _note_households(facts: Facts, lang: Language) -> str:
    """Note how many of the households were counted."""
    origin = facts.origin
    if origin.state != "shown" or not origin.households > 0:
        return say("section.include_estimates", lang)
    return say("section.counted", lang, share=say_share(origin.counted / origin.households, lang))


def _make_reach_headline(facts: Facts, lang: Language) -> list[Headline]:
    """Make the headline figure of the service centre, or of the kind that serves least."""
    city = list_city_reach(facts)
    city = city[city["served"] > 0]
    if city.empty:
        return []
    rows = city[city["kind"] == CENTRE]
    row = (rows if len(rows) else city).iloc[0]
    name = say("section.served_short", lang, kind=say_kind(row["kind"], lang))
    note = say("section.on_foot", lang, minutes=f"{row['minutes']:g}")
    value = say_share(float(row["served"]), lang, 0).rstrip("% ")
    return [Headline(name, value, "%", note)]


def list_charts(facts: Facts, request: BriefingRequest) -> list[Chart]:
    """List the charts for which there are figures: in band, coverage, chain, posts, Party share.

    Examples
    --------
    >>> from gridplan.briefing.facts import collect_facts
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> facts = collect_facts(release(make_board_plan()))
    >>> list_charts(facts, BriefingRequest(lang="en"))  # too small to say anything by place
    []
    """
    lang = request.lang
    charts = [
        _chart_in_band(facts, lang),
        _chart_coverage(facts, lang),
        _chart_chain(facts, lang),
        _chart_staffing(facts, lang),
        _chart_party_share(facts, lang),
    ]
    return [chart for chart in charts if chart is not None]


def chart_bodies(
    facts: Facts,
    key: str,
    title: str,
    names: Sequence[str],
    lang: Language,
    *,
    target: float | None = None,
    level: str = "community",
) -> Chart | None:
    """Chart facts of the bodies of a level, the lowest first; None where none has a value."""
    tables = [facts.take(name, level) for name in names]
    first = tables[0][["body", "name", "value"]]
    values = pd.concat([table.set_index("body")["value"] for table in tables], axis=1)
    first = first[values.notna().any(axis=1).to_numpy()].sort_values(
        ["value", "body"], kind="stable"
    )
    if first.empty:
        return None
    fact = list_facts()[names[0]]
    scale = 100.0 if fact.unit == "share" else 1.0
    kept = first.head(MOST)
    series = tuple(
        (
            list_facts()[name].name(lang),
            tuple(_round(scale * v) for v in table.set_index("body")["value"].loc[kept["body"]]),
        )
        for name, table in zip(names, tables, strict=True)
    )
    unit = "%" if fact.unit == "share" else fact.count_in(lang)
    return Chart(key, title, tuple(kept["name"]), series, unit, target, len(first) - len(kept))


def _round(value: float) -> float:
    """Round down to one decimal, as texts do; a little above, for what floats fall short of."""
    return float(np.floor(value * 10 + 1e-6) / 10)


def _chart_in_band(facts: Facts, lang: Language) -> Chart | None:
    """Chart the share of sub-grids in band by community; its title says what was found."""
    out = find_out_of_band(facts)
    in_band = say_fact(facts, "in_band", lang)
    key = "band_finding" if len(out) else "band_all"
    key += "_estimated" if facts.origin.are_estimated else ""
    # Where the share of the whole is withheld, the communities that are known speak.
    key = key if in_band else "band_withheld"
    title = say(f"section.{key}", lang, count=len(out), in_band=in_band)
    return chart_bodies(facts, "in_band", title, ["in_band"], lang)


def _chart_coverage(facts: Facts, lang: Language) -> Chart | None:
    """Chart who is served, in reach without being served, and not in reach, by kind."""
    city = list_city_reach(facts)
    city = city[city["served"].notna() & city["reach"].notna()].head(MOST)
    if city.empty:
        return None
    served, reach = city["served"].to_numpy(float), city["reach"].to_numpy(float)
    parts = (served, np.clip(reach - served, 0, None), 1 - np.maximum(reach, served))
    names = say("section.parts_reach", lang).split("|")
    categories = tuple(
        say("section.within", lang, kind=say_kind(row.kind, lang), minutes=f"{row.minutes:g}")
        for row in city.itertuples()
    )
    series = tuple(
        (name, tuple(float(v) for v in np.round(100 * part)))
        for name, part in zip(names, parts, strict=True)
    )
    return Chart("coverage", say("section.caption_reach", lang), categories, series, "%")


def _chart_chain(facts: Facts, lang: Language) -> Chart | None:
    """Chart how many links each level of the chain has."""
    names = ("branches", "groups", "central_households", "subgrids")
    values = {name: facts.find(name) for name in names}
    told = [name for name in names if values[name].is_told]
    if len(told) < 2:
        return None
    title = say("section.caption_chain", lang)
    categories = tuple(list_facts()[name].name(lang) for name in told)
    counts = tuple(values[name].value for name in told)
    return Chart("chain", title, categories, ((say("section.number", lang), counts),), "")


def _chart_staffing(facts: Facts, lang: Language) -> Chart | None:
    """Chart full-time workers needed and in post, by community."""
    if not facts.find("vacancies").is_told:
        return None
    title = say("section.caption_need", lang)
    names = ["workers_needed", "workers_full"]
    return chart_bodies(facts, "staffing", title, names, lang)


def _chart_party_share(facts: Facts, lang: Language) -> Chart | None:
    """Chart the Party's share of grid workers by community, with the rule's target."""
    target = 100 * float(facts.plan.rules.staffing.party_share)
    title = list_facts()["party_share"].name(lang)
    return chart_bodies(facts, "party_share", title, ["party_share"], lang, target=target)
