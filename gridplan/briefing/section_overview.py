"""The first section: the paragraph of figures, and the same figures level by level."""

from __future__ import annotations

import pandas as pd

from gridplan.briefing.facts import Facts
from gridplan.briefing.figure_texts import (
    choose_levels,
    list_names,
    make_body_table,
    say_count,
    say_fact,
    say_share,
    sort_worst,
)
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.section import Section, Table
from gridplan.tables.schema import Language
from gridplan.tables.words import say

INDICATORS = (
    *("households", "subgrids", "mean_households", "in_band", "exclusive", "special"),
    *("grid_leaders", "grid_workers", "volunteers_per_100"),
)


def write_overview(facts: Facts, request: BriefingRequest) -> Section:
    """Write the section that says how the whole stands."""
    lang = request.lang
    sentences = [
        facts.brief.paragraphs[lang],
        *_write_origin(facts, lang),
        *_write_band(facts, lang),
    ]
    views = ["subgrids"] if facts.find("subgrids").value else []
    return Section(
        "overview",
        say("section.overview", lang),
        _write_finding(facts, lang),
        tuple(sentences),
        tuple(make_level_tables(facts, lang)),
        tuple(views),
    )


def make_level_tables(facts: Facts, lang: Language) -> list[Table]:
    """Make the table of the levels above, where there are any, and that of communities."""
    uppers = choose_levels(facts, "city", "district", "subdistrict")
    tables = []
    # The city alone would only say the paragraph again.
    if len(uppers) > 1:
        caption = say("section.caption_levels", lang)
        tables += make_body_table(facts, uppers, INDICATORS, caption, lang)
    if len(uppers) == 1 or "community" in choose_levels(facts, "subdistrict", "community"):
        caption = say("section.caption_communities", lang)
        tables += make_body_table(facts, ["community"], INDICATORS, caption, lang)
    return tables


def _write_finding(facts: Facts, lang: Language) -> str:
    """Write what was found: how many sub-grids, and how many of them are within the band."""
    subgrids, in_band = say_fact(facts, "subgrids", lang), say_fact(facts, "in_band", lang)
    if not in_band:
        return say("section.overview_plain", lang, subgrids=subgrids or "0")
    key = "overview_finding_estimated" if facts.origin.are_estimated else "overview_finding"
    return say(f"section.{key}", lang, subgrids=subgrids, in_band=in_band)


def _write_origin(facts: Facts, lang: Language) -> list[str]:
    """Write how many households were counted, and that the others are estimates."""
    origin = facts.origin
    if not origin.are_estimated:
        return [say("section.all_counted", lang)]
    if origin.state != "shown" or not origin.households > 0:
        return [say("section.some_estimated", lang)]
    share = say_share(origin.counted / origin.households, lang)
    counted = say_count(origin.counted, lang)
    return [say("section.origin", lang, counted=counted, share=share)]


def find_out_of_band(facts: Facts) -> pd.DataFrame:
    """Find the communities with sub-grids out of band, those with most first: column ``out``."""
    rows = facts.take("in_band", "community")
    rows = rows[rows["state"].isin(["shown", "partial"])]
    out = (rows["whole"] - rows["part"]).to_numpy(float)
    rows = rows.assign(out=out)
    return sort_worst(rows[rows["out"] > 0], "out", largest=True)


def _write_band(facts: Facts, lang: Language) -> list[str]:
    """Write which communities have sub-grids out of band."""
    known = facts.take("in_band", "community")
    if not known["state"].isin(["shown", "partial"]).all():
        return []
    out = find_out_of_band(facts)
    if out.empty:
        return [say("section.all_in_band", lang)]
    return [
        say(
            "section.some_out_of_band",
            lang,
            communities=len(out),
            subgrids=say_count(float(out["out"].sum()), lang),
            names=list_names(out["name"].tolist(), lang, counted=True),
        )
    ]
