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

EVENT_KINDS = ("split", "merge", "regrouped", "birth", "death", "shifted", "renamed", "kept")
EVENT_COLUMNS = ("kind", "community", "old", "new", "households", "moved", "sentence")
SHOWN_CODES = 8  # of the sub-grids named in a sentence; the rest are counted

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "and": " and ",
        "comma": ", ",
        "rest": "; ",
        "more": "{count} more",
        "part": "{households} to {code}",
        "from": "{households} from {code}",
        "size": "{code} ({households})",
        "split": "{old} was split: {parts}",
        "merge": "{parts} were merged into {new}",
        "regrouped": "{parts} were regrouped into {new}",
        "birth": "{new} is new: {parts}",
        "death": "{old} ended: {parts}",
        "shifted": "{old} keeps {kept}{rest}",
        "shifted_as": "{old} goes on as {new} with {kept}{rest}",
        "some": "{kept} of its {households} households",
        "all": "its {households} households",
        "renamed": "{old} is now called {new} ({households} households)",
        "kept": "{old} stays as it was ({households} households)",
        "came": "{households} came from others",
        "left": "{households} went to others",
        "gone": "{households} are gone",
        "fresh": "{households} in new homes",
    },
    "zh": {
        "and": "、",
        "comma": "，",
        "rest": "；",
        "more": "另外 {count} 个",
        "part": "{households} 户划入 {code}",
        "from": "{households} 户来自 {code}",
        "size": "{code}（{households} 户）",
        "split": "{old} 拆分：{parts}",
        "merge": "{parts} 合并为 {new}",
        "regrouped": "{parts} 重组为 {new}",
        "birth": "{new} 为新设：{parts}",
        "death": "{old} 撤销：{parts}",
        "shifted": "{old} 保留{kept}{rest}",
        "shifted_as": "{old} 延续为 {new}，保留{kept}{rest}",
        "some": "原有 {households} 户中的 {kept} 户",
        "all": "全部 {households} 户",
        "renamed": "{old} 更名为 {new}（{households} 户）",
        "kept": "{old} 未变（{households} 户）",
        "came": "由其他子网格划入 {households} 户",
        "left": "划出 {households} 户",
        "gone": "拆除 {households} 户",
        "fresh": "新建住宅 {households} 户",
    },
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
    for flow in (
        HouseholdFlow(*row) for row in table[list(HouseholdFlow._fields)].itertuples(index=False)
    ):
        if flow.old:
            out.setdefault(label["old"][flow.old], []).append(flow)
        if flow.new:
            into.setdefault(label["new"][flow.new], []).append(flow)
    events = [_name_event(out.get(n, []), into.get(n, []), lang) for n in {*out, *into}]
    return sorted(events, key=lambda e: (EVENT_KINDS.index(e.kind), e.community, e.old, e.new))


def _find_kin(table: pd.DataFrame, sizes: Mapping[str, Any]) -> pd.DataFrame:
    """Find the pairs of old and new sub-grids of which one holds most of the other."""
    both = (
        table[(table["old"] != "") & (table["new"] != "")]
        .groupby(["old", "new"])["households"]
        .sum()
        .reset_index()
    )
    # Twice the households, so that halves are compared without fractions.
    twice = 2 * both["households"].to_numpy()
    same = (both["old"] == both["new"]).to_numpy()
    kin = np.zeros(len(both), bool)
    for side in ("old", "new"):
        whole = both[side].map(sizes[side]).to_numpy(np.int64)
        kin |= (twice > whole) | ((twice == whole) & same)
    return both[kin]


def _join_kin(kin: pd.DataFrame, sizes: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Give each set of kin a number; every sub-grid is in one, by side and code."""
    old = list(sizes["old"].index)
    new = list(sizes["new"].index)
    a = sizes["old"].index.get_indexer(kin["old"])
    b = sizes["new"].index.get_indexer(kin["new"])
    n = len(old) + len(new)
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
        "kept": sum(f.households for f in out if f.new in new),
        "gone": sum(f.households for f in out if f.kind == "gone"),
        "fresh": sum(f.households for f in into if not f.old),
    }
    counts["left"] = size - counts["kept"] - counts["gone"]
    counts["came"] = sum(f.households for f in into) - counts["kept"] - counts["fresh"]
    # What stays within the event is kept, whatever its code; the rest came, left or is new.
    kind = _choose_kind(old, new, counts)
    community = (into or out)[0].community
    moved = sum(f.households for f in out if f.kind == "moved")
    sentence = _write_sentence(kind, out, into, counts, lang)
    return SubgridEvent(kind, community, old, new, counts["households"], moved, sentence)


def _choose_kind(old: list[str], new: list[str], counts: Mapping[str, int]) -> str:
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
    words = _WORDS[lang]
    old = sorted({f.old for f in out})
    new = sorted({f.new for f in into})
    values: dict[str, Any] = {
        "households": f"{counts['households']:,}",
        "kept": f"{counts['kept']:,}",
    }
    values["kept"] = words["all" if counts["kept"] == counts["households"] else "some"].format(
        **values
    )
    values |= {"old": _join(old, lang), "new": _join(new, lang), "rest": _say_rest(counts, lang)}
    if kind in ("split", "death"):
        parts = _list_sums("part", [(f.new, f.households) for f in out if f.new], lang)
        values["parts"] = _join(parts + _list_counts(counts, ("gone",), lang), lang)
    elif kind == "birth":
        parts = _list_sums("from", [(f.old, f.households) for f in into if f.old], lang)
        values["parts"] = _join(_list_counts(counts, ("fresh",), lang) + parts, lang)
    elif kind in ("merge", "regrouped"):
        values["parts"] = _join(
            _list_sums("size", [(f.old, f.households) for f in out], lang), lang
        )
    elif kind == "shifted" and old != new:
        kind = "shifted_as"
    return words[kind].format(**values)


def _list_sums(word: str, pairs: Iterable[tuple[str, int]], lang: Language) -> list[str]:
    """Write the households of each code, in the order of the codes."""
    sums: dict[str, int] = {}
    for code, households in pairs:
        sums[code] = sums.get(code, 0) + households
    return [
        _WORDS[lang][word].format(code=code, households=f"{sums[code]:,}") for code in sorted(sums)
    ]


def _say_rest(counts: Mapping[str, int], lang: Language) -> str:
    parts = _list_counts(counts, ("left", "gone", "came", "fresh"), lang)
    return _WORDS[lang]["rest"] + _WORDS[lang]["comma"].join(parts) if parts else ""


def _list_counts(counts: Mapping[str, int], names: Iterable[str], lang: Language) -> list[str]:
    return [
        _WORDS[lang][name].format(households=f"{counts[name]:,}") for name in names if counts[name]
    ]


def _join(parts: list[str], lang: Language) -> str:
    """Join parts of a sentence; those beyond the first few are only counted."""
    words = _WORDS[lang]
    if len(parts) > SHOWN_CODES:
        parts = [*parts[:SHOWN_CODES], words["more"].format(count=len(parts) - SHOWN_CODES)]
    return (
        words["and"].join(parts)
        if len(parts) < 3
        else words["comma"].join(parts[:-1]) + words["and"] + parts[-1]
    )
