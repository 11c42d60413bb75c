"""The Party and the chiefs on a plan's map: colours by branch, outlines, marks, and notes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import shapely

from gridplan.geometry.tones import choose_tones
from gridplan.maps.map_shapes import Sheet, simplify_coverage, to_degrees
from gridplan.maps.property_view import pick_compounds, say_property
from gridplan.plan import Plan
from gridplan.tables.roles import read_roles
from gridplan.tables.schema import Language
from gridplan.tables.words import say

HOST = "central_household"


def add_party(plan: Plan, sheet: Sheet, lang: Language) -> Sheet:
    """Add branches, groups, Party central households, chiefs and property lists to a sheet.

    Records gain ``branch`` (the tone of the branch of most members, -1 for
    none), ``hosts`` (positions of Party central households) and ``notes`` (lines
    of the tooltip, in the language of the page).
    """
    records = dict(sheet.records)
    party = {}
    if len(plan.branches):
        records["branch"] = _colour_branches(plan)
        party = {
            "branch": to_degrees(plan, simplify_coverage(plan.branches.geometry.to_numpy())),
            "group": to_degrees(plan, simplify_coverage(plan.groups.geometry.to_numpy())),
        }
    hosts = _place_hosts(plan)
    if any(hosts):
        records["hosts"] = hosts
    notes = _write_notes(plan, lang)
    if any(notes):
        records["notes"] = notes
    return replace(sheet, records=records, party=party, compounds=pick_compounds(plan))


def _colour_branches(plan: Plan) -> list[int]:
    """Choose the tone of each sub-grid's branch; branches side by side have different ones."""
    tones = dict(
        zip(plan.branches.index, choose_tones(plan.branches.geometry.to_numpy()), strict=True)
    )
    main = _rank_branches(plan).drop_duplicates("subgrid").set_index("subgrid")["branch"]
    of = main.reindex(plan.subgrids.index)
    return [int(tones.get(code, -1)) for code in of]


def _rank_branches(plan: Plan) -> pd.DataFrame:
    """Rank the branches of each sub-grid by their members there, of equals by code."""
    held = plan.members[plan.members["branch"] != ""]
    size = (held["full"] + held["probationary"]).rename("size")
    sums = size.groupby([held["subgrid"], held["branch"]]).sum().reset_index()
    return sums.sort_values(["subgrid", "size", "branch"], ascending=[True, False, True])


def _place_hosts(plan: Plan) -> list[list[list[float]]]:
    """List the positions of the Party central households of each sub-grid."""
    posts = plan.posts[(plan.posts["role"] == HOST) & plan.posts["filled"]].sort_index()
    doors = plan.stairwells.geometry.reindex(posts["stairwell"]).to_numpy()
    points = to_degrees(plan, doors)
    places: dict[str, list[list[float]]] = {}
    for subgrid, point in zip(posts["subgrid"], points, strict=True):
        if not shapely.is_missing(point) and not shapely.is_empty(point):
            places.setdefault(subgrid, []).append([point.x, point.y])
    return [places.get(code, []) for code in plan.subgrids.index]


def _write_notes(plan: Plan, lang: Language) -> list[list[str]]:
    """Write the lines of each sub-grid's tooltip: branch, hosts, chiefs and upper leader."""
    notes: dict[str, list[str]] = {code: [] for code in plan.subgrids.index}
    for part in (
        _say_branches(plan, lang),
        _say_hosts(plan, lang),
        _say_chiefs(plan, lang),
        say_property(plan, lang),
    ):
        for code, lines in part.items():
            if code in notes:
                notes[code] += lines
    return list(notes.values())


def _say_branches(plan: Plan, lang: Language) -> dict[str, list[str]]:
    """Say which branch and groups each sub-grid lies in, and whether in several."""
    names = plan.party_orgs["name"]
    groups = plan.members[plan.members["group"] != ""].groupby("subgrid")["group"].unique()
    said = {}
    for subgrid, rows in _rank_branches(plan).groupby("subgrid", sort=True):
        codes = rows["branch"].tolist()
        called = [f"{names.get(code, '')} {code}".strip() for code in codes]
        many = len(codes) > 1
        # Of one branch the number of its groups says enough.
        listed = sorted(
            "-".join(str(g).rsplit("-", 2)[1 if many else 2 :]) for g in groups.get(subgrid, ())
        )
        words: dict[str, Any] = {
            "branch": "; ".join(called) if lang == "en" else "；".join(called),
            "groups": (", " if lang == "en" else "、").join(listed),
            "count": len(codes),
        }
        said[str(subgrid)] = [say("party_shared" if many else "party_of", lang, **words)]
    return said


def _say_hosts(plan: Plan, lang: Language) -> dict[str, list[str]]:
    """Say how many Party central households a sub-grid has."""
    count = plan.posts[(plan.posts["role"] == HOST) & plan.posts["filled"]]
    return {
        str(subgrid): [say("hosts_of", lang, count=number)]
        for subgrid, number in count.groupby("subgrid").size().items()
    }


def _say_chiefs(plan: Plan, lang: Language) -> dict[str, list[str]]:
    """Say who answers for the stretches that a sub-grid touches, and for its upper grid."""
    duties = plan.layer_duties
    if duties.empty:
        return {}
    called = {role.role: role.zh if lang == "zh" else role.en for role in read_roles()}
    of = duties.set_index("of")
    role = plan.posts["role"].reindex(of["post"]).map(called).fillna("").to_numpy(object)
    texts = {}
    for code, post, title, filled in zip(of.index, of["post"], role, of["filled"], strict=True):
        word = "chief_of" if filled else "chief_vacant"
        texts[code] = say(word, lang, role=title[:1].upper() + title[1:], post=post)
    said: dict[str, list[str]] = {}
    pairs = [
        *zip(plan.touches["subgrid"], plan.touches["special_grid"], strict=True),
        *zip(plan.subgrids.index, plan.subgrids["grid"], strict=True),
    ]
    for subgrid, layer in pairs:
        lines = said.setdefault(subgrid, [])
        # A chief of two stretches beside one sub-grid is named once.
        if layer in texts and texts[layer] not in lines:
            lines.append(texts[layer])
    return said
