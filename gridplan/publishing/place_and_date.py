"""The place that a plan is of, and its day, as titles of maps and documents name them."""

from __future__ import annotations

import datetime

import shapely

from gridplan.plan import Plan
from gridplan.tables.schema import Language
from gridplan.tables.words import say

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def choose_title(plan: Plan, lang: Language, word: str = "title") -> str:
    """Choose the title of a map that was given none, with the name of the place if it is known.

    ``word`` is the title's key in ``words.csv``, ``word_one`` that of the title with a name.
    """
    name = name_land(plan, lang)
    return say(f"{word}_one", lang, name=name) if name else say(word, lang)


def name_land(plan: Plan, lang: Language) -> str:
    """Name the land of a plan: the place that it is of, else its largest community and the rest."""
    return name_place(plan) or _name_largest(plan, lang)


def _name_largest(plan: Plan, lang: Language) -> str:
    """Name the community with most sub-grids and count the others; empty where it has no name."""
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"]
    counts = homes.groupby("community").size().reindex(plan.site.communities.index, fill_value=0)
    names = plan.site.communities["name"][counts > 0]
    if len(names) < 2:
        return ""
    # The first of those with most, in the order of their codes.
    largest = str(names[counts[names.index].idxmax()])
    return say("place_and_others", lang, name=largest, count=len(names) - 1) if largest else ""


def name_place(plan: Plan) -> str:
    """Name the place that a plan is of.

    It is the only community or subdistrict, else the largest town or village
    within; empty where none is named.
    """
    site = plan.site
    for column in ("name", "subdistrict"):
        names = site.communities[column].unique()
        if len(names) == 1 and names[0]:
            return str(names[0])
    named = site.places[site.places["name"] != ""].sort_index()
    rank = named["kind"].map({"city": 0, "town": 1, "village": 2})
    named = named[rank.notna().to_numpy()]
    if named.empty or site.communities.empty:
        return ""
    land = shapely.box(*site.communities.total_bounds)
    inner = shapely.point_on_surface(named.geometry.to_numpy())
    found = named[shapely.intersects(land, inner)]
    best = rank[found.index]
    # Two towns, or villages without a town: none of them is the name of all.
    names = found["name"][best == best.min()].unique()
    return str(names[0]) if len(names) == 1 else ""


def find_date(plan: Plan) -> str:
    """Find the day that a plan is of: that of its last change, else the one it was drawn for.

    Never that of the clock, so that a map is the same whenever it is drawn;
    empty where the plan has none.
    """
    days = [str(entry.get("date") or "") for entry in plan.manifest.get("history") or ()]
    days = [day for day in days if day] or [str(plan.manifest.get("date") or "")]
    return days[-1]


def write_date(date: str, lang: Language) -> str:
    """Write a day in the words of a language.

    Examples
    --------
    >>> write_date("2026-11-05", "en"), write_date("2026-11-05", "zh")
    ('5 November 2026', '2026年11月5日')
    """
    try:
        day = datetime.date.fromisoformat(date)
    except ValueError:  # a history of elsewhere may hold any word
        return date
    if lang == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    # not by the machine's own words for months
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
