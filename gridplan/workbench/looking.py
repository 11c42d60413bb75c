"""What a view of the page shows and the page cannot count: chances, reach, the Party, changes.

A view that needs a table which the plan lacks says which verb makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Ints
from gridplan.planning.subgrid_ranges import measure_ranges
from gridplan.storage.kept_versions import list_versions
from gridplan.storage.plan_folder import read_plan
from gridplan.tables.words import list_words
from gridplan.workbench.colouring import colour_graph
from gridplan.workbench.desk import Desk, Seat
from gridplan.workbench.map_colours import COLOURS
from gridplan.workbench.searching import search
from gridplan.workbench.segments import tell_time_of
from gridplan.workbench.session import Answer, Message, Session, refuse_question

_CHANCES = (0.9, 0.7, 0.5)  # limits of the classes of chances, the surest first
_FAR = (0.5, 1.0, 2.0)  # limits of the classes of ways, as multiples of the kind's own minutes
_VOLUNTEERS = 3  # at a door, from which on they are one class


def _look(session: Session, seat: Seat, question: Mapping[str, Any]) -> Message:
    """Answer what a view shows of one community."""
    community, view = str(question["community"]), str(question["view"])
    if community not in session.base.site.communities.index:
        return refuse_question(
            "communities are known", f"there is no community {community}", "reload"
        )
    if view not in _VIEWS:
        return refuse_question("views are known", f"there is no view {view}", "reload the page")
    seen = _VIEWS[view](session, community, str(question.get("of", "")))
    return {"kind": "looked", "view": view, "community": community, **seen}


def _search(session: Session, seat: Seat, question: Mapping[str, Any]) -> Message:
    return {"kind": "found", "rows": search(session.desk, str(question["text"]))}


def _see_chances(session: Session, community: str, of: str) -> Message:
    """Grade how likely the true households of each sub-grid lie in its band, as it is now."""
    chances = measure_chances(session.desk, community)
    limits = np.array(_CHANCES)
    return {
        "of": {code: int((chance < limits).sum()) for code, chance in chances.items()},
        "values": {code: round(100 * chance) for code, chance in chances.items()},
        "classes": [
            ["chance_from", {"percent": round(100 * _CHANCES[0])}],
            *(["chance_from", {"percent": round(100 * limit)}] for limit in _CHANCES[1:]),
            ["chance_below", {"percent": round(100 * _CHANCES[-1])}],
        ],
    }


def measure_chances(desk: Desk, community: str) -> dict[str, float]:
    """Measure how likely the households of a community's sub-grids lie in their band.

    Counted for the state on the desk, as a plan counts its column ``chance_in_band``.
    """
    board, plan, state = desk.board, desk.plan, desk.state
    rows = np.flatnonzero(board.community == community)
    doors = plan.stairwells.iloc[rows]
    doors = doors.assign(subgrid=state.member[rows].astype(str))
    band = board.get_problem(community)[0].band
    households = doors.groupby("subgrid")["households"].sum().sort_index()
    homes = pd.DataFrame(
        {
            "community": community,
            "kind": "residential",
            "households": households.to_numpy(),
            "low": band.low,
            "high": band.high,
        },
        index=households.index,
    )
    # Buildings that may be homes count where they stand, so the land is needed too.
    drawn = plan.subgrids[plan.subgrids["community"] == community]
    land = drawn.reindex(homes.index.union(drawn.index[drawn["kind"] != "residential"]))
    for name in homes.columns:
        land[name] = homes[name].reindex(land.index).fillna(land[name]).infer_objects()
    land.index.name = drawn.index.name
    ranges = measure_ranges(plan.replace(stairwells=doors), land, plan.rules)
    return {str(code): float(chance) for code, chance in ranges["chance_in_band"].items()}


def _see_reach(session: Session, community: str, of: str) -> Message:
    """Grade the minutes on foot from each home to the nearest post of a kind."""
    plan = session.desk.plan
    table = plan.reach[plan.reach["state"] == "now"] if len(plan.reach) else plan.reach
    kinds = sorted({str(kind) for kind in table["kind"]})
    if not kinds:
        return {"missing": "reach"}
    kind = of if of in kinds else ("volunteer_post" if "volunteer_post" in kinds else kinds[0])
    minutes_of = {service.kind: service.minutes for service in plan.rules.coverage.services}
    limits = np.array(_FAR) * minutes_of.get(kind, max(plan.rules.coverage.thresholds))
    doors = _list_doors(session.desk, community)
    mine = table[(table["kind"] == kind) & (table["community"] == community)]
    minutes = mine.set_index("stairwell")["minutes"].reindex(doors).to_numpy(float)
    grade = (np.where(np.isnan(minutes), np.inf, minutes)[:, None] > limits).sum(axis=1)
    return {
        "of": [int(n) for n in grade],
        "values": [None if np.isnan(m) else round(float(m), 1) for m in minutes],
        "classes": [
            *(["minutes_up_to", {"minutes": round(float(limit), 1)}] for limit in limits),
            ["minutes_beyond", {"minutes": round(float(limits[-1]), 1)}],
        ],
        "choices": [{"of": one, "label": _say_kind(one)} for one in kinds],
        "choice": kind,
        "note": ["reach_note", {"minutes": round(float(limits[1]), 1)}],
    }


def _see_volunteers(session: Session, community: str, of: str) -> Message:
    """Count the registered volunteers behind each door."""
    members = session.desk.plan.members
    if not len(members):
        return {"missing": "organise"}
    doors = _list_doors(session.desk, community)
    counts = members["volunteers"].reindex(doors).fillna(0).to_numpy(np.int64)
    return {
        # The most come first, as the classes go from good to poor.
        "of": [int(_VOLUNTEERS - min(count, _VOLUNTEERS)) for count in counts],
        "values": [int(count) for count in counts],
        "classes": [
            ["volunteers_from", {"count": _VOLUNTEERS}],
            *(["volunteers_are", {"count": n}] for n in range(_VOLUNTEERS - 1, -1, -1)),
        ],
    }


def _see_orgs(level: str) -> Callable[[Session, str, str], Message]:
    """Make the view of the Party branches or groups that homes belong to."""

    def see(session: Session, community: str, of: str) -> Message:
        plan = session.desk.plan
        if not len(plan.members):
            return {"missing": "organise"}
        doors = _list_doors(session.desk, community)
        orgs = plan.members[level].reindex(doors).fillna("").astype(str)
        codes = sorted(set(orgs) - {""})
        names = plan.party_orgs["name"].reindex(codes)
        number = {code: n for n, code in enumerate(codes)}
        classes = [
            {"name": str(name) if isinstance(name, str) and name else code}
            for code, name in zip(codes, names, strict=True)
        ]
        numbers = [number.get(code, -1) for code in orgs]
        return {
            "of": numbers,
            "classes": classes,
            "tones": _colour_orgs(session.desk, community, np.array(numbers), len(codes)),
            "hosts": _list_hosts(session.desk, community),
            "note": ["party_note", {}],
        }

    return see


def _colour_orgs(desk: Desk, community: str, numbers: Ints, count: int) -> list[int]:
    """Choose colours so that branches whose homes are neighbours differ."""
    pairs = desk.board.get_problem(community)[0].pairs
    near: list[set[int]] = [set() for _ in range(count)]
    for a, b in numbers[pairs] if pairs is not None and len(pairs) else ():
        if a != b and a >= 0 and b >= 0:
            near[a].add(int(b))
            near[b].add(int(a))
    return colour_graph(near, len(COLOURS))


def _see_hosts(session: Session, community: str, of: str) -> Message:
    """Say which sub-grids have a Party central household, and where it is."""
    hosts = _list_hosts(session.desk, community)
    if not len(session.desk.plan.posts) or not hosts:
        return {"missing": "organise"}
    board, state = session.desk.board, session.desk.state
    held = {str(code) for code in state.member[board.stairwells.get_indexer(hosts)]}
    codes = [code for code, over in state.lies_in.items() if over == community]
    return {
        "of": {code: int(code not in held) for code in codes},
        "values": {code: sum(code == one for one in held) for code in codes if code in held},
        "classes": ["host_there", "host_missing"],
        "hosts": hosts,
    }


def _list_hosts(desk: Desk, community: str) -> list[str]:
    """List the stairwells of a community's Party central households."""
    posts = desk.plan.posts
    mine = posts[(posts["role"] == "central_household") & (posts["community"] == community)]
    known = set(_list_doors(desk, community))
    return sorted(known & {str(code) for code in mine["stairwell"]})


def _see_changes(session: Session, community: str, of: str) -> Message:
    """Say in which sub-grid each home was in a kept version of the plan, the newest unless asked.

    Where no version is kept it is the plan as it was last saved.
    """
    versions = {place.name: place for place in reversed(list_versions(session.folder))}
    saved = {"of": "saved", "label": "since_saved"}
    choices = [saved] + [
        {"of": name, "label": ["since_version", {"version": name, "time": tell_time_of(place)}]}
        for name, place in versions.items()
    ]
    choice = of if of == "saved" or of in versions else next(iter(versions), "saved")
    plan = session.base if choice == "saved" else read_plan(versions[choice])
    doors = _list_doors(session.desk, community)
    then = plan.stairwells["subgrid"].reindex(doors)
    if then.isna().any():
        choice = "saved"
        then = session.base.stairwells["subgrid"].reindex(doors)
    codes = sorted({str(code) for code in then})
    number = {code: n for n, code in enumerate(codes)}
    return {
        "codes": codes,
        "then": [number[str(code)] for code in then],
        "classes": [],
        "choices": choices,
        "choice": choice,
    }


def _list_doors(desk: Desk, community: str) -> Sequence[str]:
    """List the stairwells of a community in the order in which its page has them."""
    rows = np.flatnonzero(desk.board.community == community)
    return [str(code) for code in desk.board.stairwells[rows]]


def _say_kind(kind: str) -> dict[str, str]:
    """Say a kind of post in both languages; a kind of the town's own says itself."""
    return {
        "en": list_words("post_kind", "en").get(kind, kind),
        "zh": list_words("post_kind", "zh").get(kind, kind),
    }


_VIEWS: Mapping[str, Callable[[Session, str, str], Message]] = {
    "chance": _see_chances,
    "reach": _see_reach,
    "volunteers": _see_volunteers,
    "branches": _see_orgs("branch"),
    "groups": _see_orgs("group"),
    "hosts": _see_hosts,
    "since": _see_changes,
}
ANSWERS: Mapping[str, Answer] = {"look": _look, "search": _search}
