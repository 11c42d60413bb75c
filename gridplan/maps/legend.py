"""The words and figures around a map: title, legend, notes and tooltip, in one language."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from gridplan.land.total_groups import list_settled_together
from gridplan.maps.colours import STYLES
from gridplan.maps.map_shapes import TOLERANCE, TOOLTIP_COLUMNS, Sheet
from gridplan.maps.property_view import LISTS
from gridplan.plan import Plan
from gridplan.planning.too_small import count_too_small
from gridplan.publishing.place_and_date import find_date, write_date
from gridplan.publishing.release_seal import is_released
from gridplan.tables.likely_band import LIKELY, find_likely
from gridplan.tables.palette import (
    BAND,
    EXCLUSIVE,
    INK,
    LOADS,
    OPEN_LAND,
    TONES,
    choose_bands,
    choose_severity,
)
from gridplan.tables.schema import Language, find_columns, label
from gridplan.tables.words import list_words, say

Key = tuple[str, Any, str]  # how it is drawn, in which colour, what it means
# Chinese puts the unit after the value; an English label has it already.
UNITS_ZH: Mapping[str, str] = {"m": " 米", "households": " 户", "buildings": " 栋"}


def compose_config(
    plan: Plan, sheet: Sheet, lang: Language, title: str, online: bool
) -> dict[str, Any]:
    """Compose all that the page's script needs to know besides the shapes."""
    # The first line is the households, all that a release says of a sub-grid.
    shown = list(TOOLTIP_COLUMNS)[: 1 if is_released(plan) else None]
    lines = [(column, *label_column("subgrids", column, lang)) for column in shown]
    return {
        "lang": lang,
        "words": dict(list_words("map", lang)),
        "title": title,
        "bounds": sheet.bounds,
        "figures": count_figures(plan, lang),
        "keys": list_keys(plan, sheet, lang),
        "notes": write_notes(plan, lang, online),
        "openings": list_openings(sheet, lang),
        "lines": lines,
        "tones": TONES,
        "loads": LOADS,
        "band": BAND,
        "chances": choose_severity(len(LIKELY) + 1),
        "exclusive": EXCLUSIVE,
        "open": OPEN_LAND,
        "ink": dict(INK),
        "styles": {name: dict(style) for name, style in STYLES.items()},
    }


def label_column(table: str, column: str, lang: Language = "en") -> tuple[str, str]:
    """Find the label of a column as a tooltip shows it, and what follows its value.

    Examples
    --------
    >>> label_column("subgrids", "mean_walk"), label_column("subgrids", "mean_walk", "zh")
    (('Mean walk (m)', ''), ('平均步行', ' 米'))
    """
    text = label(table, column, lang)
    if lang == "en":
        return text[:1].upper() + text[1:], ""
    unit = next(c.unit for c in find_columns(table) if c.name == column)
    return text, UNITS_ZH.get(unit, "")


def count_figures(plan: Plan, lang: Language) -> list[tuple[str, str]]:
    """Count the plan's figures as the legend shows them: value and word."""
    ordinary = plan.subgrids[plan.subgrids["kind"] == "residential"]
    households = count_households(plan)
    share = f"{100 * ordinary['in_band'].mean():.1f} %" if len(ordinary) else "–"
    if len(ordinary) and not ordinary["in_band"].all() and share == "100.0 %":
        share = "99.9 %"  # rounding never hides the one that is out
    values: tuple[tuple[str, str], ...] = (
        (f"{len(ordinary):,}", "figure_subgrids"),
        ("–" if households is None else f"{households:,}", "figure_households"),
        (share + _say_likely(plan, lang), "figure_share"),
        (f"{len(plan.site.communities):,}", "figure_communities"),
    )
    others = (
        (int((plan.subgrids["kind"] == "exclusive").sum()), "figure_exclusive"),
        (int((plan.subgrids["kind"] == "open").sum()), "figure_open"),
        (len(plan.special_grids), "figure_special"),
        (len(plan.grids), "figure_grids"),
    )
    values += tuple((f"{count:,}", word) for count, word in others if count)
    return [(value, say(word, lang)) for value, word in values]


def _say_likely(plan: Plan, lang: Language) -> str:
    """Say beside the share in band how much of it is likely, where households are estimates."""
    if is_released(plan):
        return ""
    likely = find_likely(plan.subgrids, list_settled_together(plan.site))
    if likely is None or not likely.is_open:
        return ""
    low, high = (f"{100 * end:.0f}" for end in (likely.share_low, likely.share_high))
    return say("figure_likely", lang, share=f"{100 * likely.share:.0f}", low=low, high=high)


def count_households(plan: Plan) -> int | None:
    """Count the households of a plan; a release may withhold them."""
    if is_released(plan):
        figures = plan.published.set_index("measure")["value"]
        total = float(figures.get("figure:households", float("nan")))
        return None if math.isnan(total) else int(total)
    return int(plan.subgrids["households"].sum())


def list_keys(plan: Plan, sheet: Sheet, lang: Language) -> dict[str, list[Key]]:
    """List what the legend explains, for each view and always; only what the map shows."""
    unlived: list[Key] = [
        ("fill", colour, say(word, lang))
        for number, colour, word in ((1, EXCLUSIVE, "exclusive"), (2, OPEN_LAND, "open_open"))
        if number in sheet.records["exclusive"]
    ]
    loads = ("load_under", "load_lower", "load_upper", "load_over")
    views: Mapping[str, list[Key]] = {
        "colours": [("tones", TONES[:4], say("any_colour", lang))],
        "households": [
            ("fill", colour, say(word, lang)) for colour, word in zip(LOADS, loads, strict=True)
        ],
        "band": [
            ("fill", colour, say(word, lang))
            for colour, word in zip(BAND, ("band_in", "band_out"), strict=True)
        ],
    }
    if "chance" in sheet.records:
        views = {**views, "chance": _list_chances(lang)}
    if "branch" in sheet.records:
        views = {**views, "branch": _list_branch_keys(sheet, lang)}
    ordinary = plan.subgrids[plan.subgrids["kind"] == "residential"]
    # Whether it is there, how it is drawn, its ink, and its word.
    shown: list[tuple[bool, str, str, str]] = [
        (not ordinary["in_band"].all(), "hatch", "out", "band_out"),
        (len(sheet.communities) > 0, "limit", "limit", "limit"),
        (len(sheet.specials) > 0, "line", "special", "special"),
        (len(sheet.grids) > 0, "line", "grid", "grids"),
        (len(sheet.homes) > 0, "block", "home", "home"),
        (len(sheet.other_buildings) > 0, "block", "other_building", "other_building"),
        (len(sheet.streets) > 0, "street", "street", "street"),
        ("water" in sheet.barriers, "block", "water", "water"),
        ("rail" in sheet.barriers, "dash", "rail", "rail"),
        ("road" in sheet.barriers, "line", "road", "road"),
        ("wall" in sheet.barriers, "line", "wall", "wall"),
        (len(sheet.openings) > 0, "ring", "opening", "opening"),
        *((name in sheet.compounds, "line", name, name) for name in LISTS),
        (any(sheet.records["centre"]), "centre", "centre", "centre"),
        ("hosts" in sheet.records, "host", "host", "host"),
    ]
    always: list[Key] = [
        (sign, INK[ink], say(word, lang)) for there, sign, ink, word in shown if there
    ]
    return {view: keys + unlived for view, keys in views.items()} | {"always": always}


def _list_branch_keys(sheet: Sheet, lang: Language) -> list[Key]:
    """List what the view by branch explains: its colours, its outlines, and land without one."""
    keys: list[Key] = [
        ("tones", TONES[:4], say("any_branch", lang)),
        ("line", INK["branch"], say("branch_outline", lang)),
        ("line", INK["group"], say("group_outline", lang)),
    ]
    pairs = zip(sheet.records["branch"], sheet.records["exclusive"], strict=True)
    if any(tone < 0 and not other for tone, other in pairs):
        keys.append(("fill", INK["unlit"], say("no_branch", lang)))
    return keys


def _list_chances(lang: Language) -> list[Key]:
    """List the classes of the chance that a sub-grid is truly in band, from sure to unlikely."""
    ends = [f"{100 * end:.0f}" for end in LIKELY]
    words = [say("chance_first", lang, low=ends[0])]
    words += [say("chance_next", lang, low=low, high=high) for high, low in pairwise(ends)]
    words.append(say("chance_last", lang, high=ends[-1]))
    colours = choose_severity(len(words))
    return [("fill", colour, word) for colour, word in zip(colours, words, strict=True)]


def list_openings(sheet: Sheet, lang: Language) -> list[list[Any]]:
    """List longitude, latitude and text of every opening: what it is, and its name if any."""
    known = list_words("map", lang)
    rows = []
    for point, (kind, name) in zip(sheet.openings, sheet.opening_names, strict=True):
        # A word of the data that has no translation would be a code on a Chinese page.
        is_said = kind and not (lang == "zh" and kind.isascii())
        what = known.get(f"opening_{kind}", kind if is_said else known["opening"])
        text = say("opening_named", lang, what=what, name=name) if name else what
        rows.append([point.x, point.y, text])
    return rows


def list_reach_keys(bands: Sequence[float], lang: Language) -> list[Key]:
    """List what the legend explains where sub-grids are coloured by minutes on foot."""
    ends = [f"{minutes:g}" for minutes in bands]
    words = [say("band_first", lang, high=ends[0])]
    words += [say("band_next", lang, low=low, high=high) for low, high in pairwise(ends)]
    streets, fills = choose_bands(len(bands))
    keys: list[Key] = [
        ("band", pair, word)
        # There is one more fill than streets: that of what lies beyond all bands.
        for pair, word in zip(zip(fills, streets, strict=False), words, strict=True)
    ]
    signs: list[Key] = [
        (sign, INK[ink], say(word, lang))
        for sign, ink, word in (
            ("post", "post", "post"),
            ("post", "proposed", "post_proposed"),
            ("gap", "gap", "gap"),
        )
    ]
    return [*keys, ("fill", fills[-1], say("band_last", lang)), *signs]


def write_notes(plan: Plan, lang: Language, online: bool) -> list[str]:
    """Write the small print: the band, which version and seed drew the map, what it needs."""
    ordinary = plan.subgrids[plan.subgrids["kind"] == "residential"]
    bands = (
        ordinary[["community_kind", "low", "target", "high"]]
        .drop_duplicates()
        .sort_values(["community_kind", "low"])
    )
    words = [
        say(
            "band_urban" if kind == "urban" else "band_rural",
            lang,
            low=low,
            target=target,
            high=high,
        )
        for kind, low, target, high in bands.itertuples(index=False)
    ]
    # A plan of many rules would fill the legend with its bands.
    between = "；" if lang == "zh" else "; "
    notes = [say("band", lang, bands=between.join(words))] if 0 < len(words) <= 4 else []
    small = count_too_small(plan.subgrids) if not is_released(plan) else None
    if small is not None and small.few:
        low = "/".join(f"{low}" for low in small.low)
        notes.append(say("too_small", lang, count=small.few, out=small.out, low=low))
    version = plan.manifest.get("gridplan", "?")
    seed = plan.manifest.get("seed", "?")
    seal = plan.manifest["release"]["seal"] if is_released(plan) else ""
    notes.insert(0, say("released", lang, seal=seal) if seal else say("working", lang))
    date = find_date(plan)
    if date:
        notes.insert(0, say("as_of", lang, date=write_date(date, lang)))
    notes += [
        say("source", lang, version=version, seed=seed),
        say("simplified", lang, metres=TOLERANCE),
    ]
    return [*notes, say("needs_network", lang)] if online else notes
