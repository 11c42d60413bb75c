"""What became of each sub-grid: kept, renamed, shifted, split, merged, regrouped, born or ended.

An old and a new sub-grid are kin where more than half of the households of one
are in the other (half where they have the same code). Kin that belong together
make one event: one old and one new is kept (no household came or went),
renamed (the same with another code) or shifted; one old and several new is a
split, several old and one new a merge, several of both regrouped. A new one
without kin is a birth, an old one without kin a death. The idea of overlap by
majority is that of MONIC (Spiliopoulou, Ntoutsi, Theodoridis and Schult, KDD
2006, 706-711); to ask it both ways and to gather kin into events is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from gridplan.tables.schema import Language
from gridplan.tables.words import list_words

EVENT_KINDS = ("split", "merge", "regrouped", "birth", "death", "shifted", "renamed", "kept")
EVENT_COLUMNS = ("kind", "community", "old", "new", "households", "moved", "sentence")
SHOWN_CODES = 8  # of the sub-grids named in a sentence; the rest are counted


class _Signs(NamedTuple):
    """How a language sets the parts of a sentence apart."""

    comma: str
    before_last: str
    before_rest: str


# Signs are no words: they are spelt here, and the words in words.csv, page event.
_SIGNS: Mapping[Language, _Signs] = {
    "en": _Signs(", ", " and ", "; "),
    "zh": _Signs("，", "、", "；"),
}


class HouseholdFlow(NamedTuple):
    """One row of the concordance."""

    community: str
    old: str
    new: str
    households: int
    kind: str


class SubgridEvent(NamedTuple):
    """What became of some sub-grids."""

    kind: str
    community: str
    old: list[str]
    new: list[str]
    households: int
    moved: int
    sentence: str


def find_events(concordance: pd.DataFrame, lang: Language = "en") -> pd.DataFrame:
    """Find what became of each sub-grid.

    Parameters
    ----------
    concordance
        From :func:`gridplan.redrawing.revision.concordance.make_concordance`.
    lang
        Language of the sentences.

    Returns
    -------
    pandas.DataFrame
        One row for each event, ``EVENT_COLUMNS``: kind, community, old and new
        (codes, joined by commas), households (of its old sub-grids; of the new
        one of a birth), moved (households of its old sub-grids whose code is
        another now), and a sentence. Every sub-grid with households is in one
        event, as old and as new.

    Examples
    --------
    >>> from gridplan.redrawing.revision.concordance import make_concordance
    >>> from gridplan.redrawing.revision.household_matching import follow_households
    >>> from gridplan.synthetic import make_board_plan
    >>> flows = follow_households(make_board_plan((1,) * 12), make_board_plan())
    >>> find_events(make_concordance(flows))["sentence"].tolist()
    ['0301-001 was split: 60 to 0301-001 and 60 to 0301-002']
    """
    rows = [
        (e.kind, e.community, ", ".join(e.old), ", ".join(e.new), *e[4:])
        for e in _gather(concordance, lang)
    ]
    types = {c: "int64" if c in ("households", "moved") else "str" for c in EVENT_COLUMNS}
    return pd.DataFrame(rows, columns=[*EVENT_COLUMNS]).astype(types).rename_axis("event")


def find_members(concordance: pd.DataFrame) -> dict[str, pd.Series[Any]]:
    """Find the event of each old and each new sub-grid.

    Under "old" and "new", the row of :func:`find_events` by code.

    Examples
    --------
    >>> from gridplan.redrawing.revision.concordance import make_concordance
    >>> from gridplan.redrawing.revision.household_matching import follow_households
    >>> from gridplan.synthetic import make_board_plan
    >>> flows = follow_households(make_board_plan((1,) * 12), make_board_plan())
    >>> find_members(make_concordance(flows))["new"].to_dict()
    {'0301-001': 0, '0301-002': 0}
    """
    events = _gather(concordance, "en")
    sides = {"old": [e.old for e in events], "new": [e.new for e in events]}
    return {
        side: pd.Series(
            {code: n for n, codes in enumerate(lists) for code in codes},
            dtype="int64",
            name="event",
        )
        for side, lists in sides.items()
    }


def _gather(concordance: pd.DataFrame, lang: Language) -> list[SubgridEvent]:
    """Gather kin into events, the kinds in the order of ``EVENT_KINDS``."""
    table = concordance.reset_index(drop=True)
    sizes = {
        side: table[table[side] != ""].groupby(side)["households"].sum() for side in ("old", "new")
    }
    label = _join_kin(_find_kin(table, sizes), sizes)
    out: dict[int, list[HouseholdFlow]] = {}
    into: dict[int, list[HouseholdFlow]] = {}
    for row in table[list(HouseholdFlow._fields)].itertuples(index=False):
        flow = HouseholdFlow(*row)
        # A flow between two events leaves the one and enters the other.
        if flow.old:
            out.setdefault(label["old"][flow.old], []).append(flow)
        if flow.new:
            into.setdefault(label["new"][flow.new], []).append(flow)
    events = [_name_event(out.get(n, []), into.get(n, []), lang) for n in {*out, *into}]
    # Codes break all ties, since the order of a set is no order.
    return sorted(events, key=lambda e: (EVENT_KINDS.index(e.kind), e.community, e.old, e.new))


def _find_kin(table: pd.DataFrame, sizes: Mapping[str, Any]) -> pd.DataFrame:
    """Find the pairs of old and new sub-grids of which one holds most of the other."""
    stayed = table[(table["old"] != "") & (table["new"] != "")]
    both = stayed.groupby(["old", "new"])["households"].sum().reset_index()
    # Twice the households, so that halves are compared without fractions.
    twice = 2 * both["households"].to_numpy()
    same = (both["old"] == both["new"]).to_numpy()
    kin = np.zeros(len(both), bool)
    for side in ("old", "new"):
        whole = both[side].map(sizes[side]).to_numpy(np.int64)
        # At exactly half, two new ones could both claim an old one: the same code decides.
        kin |= (twice > whole) | ((twice == whole) & same)
    return both[kin]


def _join_kin(kin: pd.DataFrame, sizes: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Give each set of kin a number; every sub-grid is in one, by side and code."""
    old = list(sizes["old"].index)
    new = list(sizes["new"].index)
    a = sizes["old"].index.get_indexer(kin["old"])
    b = sizes["new"].index.get_indexer(kin["new"])
    n = len(old) + len(new)
    # New ones are numbered on from the old, as the two sides share codes.
    graph = coo_matrix((np.ones(len(kin), np.int8), (a, len(old) + b)), shape=(n, n))
    # Kin of kin belong to the same event.
    label = connected_components(graph, directed=False)[1].tolist() if n else []
    return {
        "old": dict(zip(old, label[: len(old)], strict=True)),
        "new": dict(zip(new, label[len(old) :], strict=True)),
    }


def _name_event(
    out: list[HouseholdFlow], into: list[HouseholdFlow], lang: Language
) -> SubgridEvent:
    """Name one event by the flows that leave its old sub-grids and enter its new ones."""
    old = sorted({f.old for f in out})
    new = sorted({f.new for f in into})
    size = sum(f.households for f in out)
    counts = {
        "households": size if old else sum(f.households for f in into),
        # What stays within the event is kept, whatever its code.
        "kept": sum(f.households for f in out if f.new in new),
        "gone": sum(f.households for f in out if f.kind == "gone"),
        "fresh": sum(f.households for f in into if not f.old),
    }
    # The rest of each sum, so that an event's numbers always add up.
    counts["left"] = size - counts["kept"] - counts["gone"]
    counts["came"] = sum(f.households for f in into) - counts["kept"] - counts["fresh"]
    kind = _choose_kind(old, new, counts)
    community = (into or out)[0].community
    moved = sum(f.households for f in out if f.kind == "moved")
    sentence = _write_sentence(kind, out, into, counts, lang)
    return SubgridEvent(kind, community, old, new, counts["households"], moved, sentence)


def _choose_kind(old: list[str], new: list[str], counts: Mapping[str, int]) -> str:
    """Choose the kind of an event by how many sub-grids are on each side, and what changed."""
    if not old or not new:
        return "death" if old else "birth"
    if len(old) > 1:
        return "merge" if len(new) == 1 else "regrouped"
    if len(new) > 1:
        return "split"
    if counts["left"] or counts["came"] or counts["gone"] or counts["fresh"]:
        return "shifted"
    return "kept" if old == new else "renamed"


def _write_sentence(
    kind: str,
    out: list[HouseholdFlow],
    into: list[HouseholdFlow],
    counts: Mapping[str, int],
    lang: Language,
) -> str:
    """Write an event as a sentence."""
    words = list_words("event", lang)
    old = sorted({f.old for f in out})
    new = sorted({f.new for f in into})
    number = {"households": f"{counts['households']:,}", "kept": f"{counts['kept']:,}"}
    all_stay = counts["kept"] == counts["households"]
    values = {
        "households": number["households"],
        "kept": words["all" if all_stay else "some"].format(**number),
        "old": _join(old, lang),
        "new": _join(new, lang),
        "rest": _write_rest(counts, lang),
    }
    if kind in ("split", "death"):
        parts = _list_sums("part", [(f.new, f.households) for f in out if f.new], lang)
        values["parts"] = _join(parts + _list_counts(counts, ("gone",), lang), lang)
    elif kind == "birth":
        parts = _list_sums("from", [(f.old, f.households) for f in into if f.old], lang)
        values["parts"] = _join(_list_counts(counts, ("fresh",), lang) + parts, lang)
    elif kind in ("merge", "regrouped"):
        parts = _list_sums("size", [(f.old, f.households) for f in out], lang)
        values["parts"] = _join(parts, lang)
    elif kind == "shifted" and old != new:
        # Who goes on under another code has to be named with both.
        kind = "shifted_as"
    return words[kind].format(**values)


def _list_sums(word: str, pairs: Iterable[tuple[str, int]], lang: Language) -> list[str]:
    """Write the households of each code, in the order of the codes."""
    sums: dict[str, int] = {}
    for code, households in pairs:
        sums[code] = sums.get(code, 0) + households
    text = list_words("event", lang)[word]
    return [text.format(code=code, households=f"{sums[code]:,}") for code in sorted(sums)]


def _write_rest(counts: Mapping[str, int], lang: Language) -> str:
    """Write who left, is gone, came or is new, after what was kept; nothing where nobody is."""
    parts = _list_counts(counts, ("left", "gone", "came", "fresh"), lang)
    signs = _SIGNS[lang]
    return signs.before_rest + signs.comma.join(parts) if parts else ""


def _list_counts(counts: Mapping[str, int], names: Iterable[str], lang: Language) -> list[str]:
    """Write the numbers that are not zero, in the order of their names."""
    words = list_words("event", lang)
    return [words[name].format(households=f"{counts[name]:,}") for name in names if counts[name]]


def _join(parts: list[str], lang: Language) -> str:
    """Join parts of a sentence; those beyond the first few are only counted."""
    signs = _SIGNS[lang]
    # A sentence with dozens of codes could not be read.
    if len(parts) > SHOWN_CODES:
        more = list_words("event", lang)["more"].format(count=len(parts) - SHOWN_CODES)
        parts = [*parts[:SHOWN_CODES], more]
    if len(parts) < 3:
        return signs.before_last.join(parts)
    return signs.comma.join(parts[:-1]) + signs.before_last + parts[-1]
