"""Versions: a plan's history in its manifest, each entry with a digest of the plan before."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from gridplan.plan import PEOPLE_TABLES, REACH_TABLES, VISIT_TABLES, Plan


def digest_plan(plan: Plan) -> str:
    """Digest a plan's assignment and history to twelve letters.

    The same wherever and whenever it is read.

    It looks at which stairwell with how many households is in which sub-grid,
    at the centres, and at the history.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> digest = digest_plan(make_board_plan())
    >>> digest == digest_plan(make_board_plan()), len(digest)
    (True, 12)
    >>> digest == digest_plan(make_board_plan((1, 1, 2, 2, 2, 2) * 2))
    False
    """
    doors = plan.stairwells
    lines = [
        f"{s}\t{c}\t{h}"
        for s, c, h in zip(doors.index, doors["subgrid"], doors["households"], strict=True)
    ]
    lines += [
        f"{code}\t{centre}"
        for code, centre in zip(plan.subgrids.index, plan.subgrids["centre"], strict=True)
    ]
    lines.append(json.dumps(plan.manifest.get("history") or [], sort_keys=True, ensure_ascii=False))
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=6).hexdigest()


def note_version(
    before: Plan,
    after: Plan,
    verb: str,
    *,
    what: str = "",
    by: str = "",
    date: str = "",
    moved: int | None = None,
) -> Plan:
    """Note in the manifest what was done to a plan; a plan that is the one before stays as it is.

    Parameters
    ----------
    before, after
        The plan before and the new one.
    verb
        What was done: edit, repair, redraw, import.
    what
        A line on what came of it.
    by
        The office or post that did it, never a person.
    date
        The day, as given; empty where none was.
    moved
        Households that changed their sub-grid; if not given, those whose
        stairwell has another code of sub-grid now.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> from gridplan.redrawing.revision.renewal import renew_plan
    >>> plan = make_board_plan()
    >>> member = plan.stairwells["subgrid"].copy()
    >>> member["h04-1"] = "0301-001"
    >>> noted = note_version(plan, renew_plan(plan, member), "edit", by="planning office")
    >>> last = noted.manifest["history"][-1]
    >>> last["verb"], last["by"], last["households_moved"], last["subgrids"]
    ('edit', 'planning office', 10, 2)
    """
    if after is before:
        return after
    entry: dict[str, Any] = {
        "verb": verb,
        "date": date,
        "by": by,
        "what": what,
        "households_moved": count_moved(before, after) if moved is None else moved,
        "subgrids": int((after.subgrids["kind"] == "residential").sum()),
        "before": digest_plan(before),
    }
    old = set(before.subgrids.index)
    new = set(after.subgrids.index)
    # Left out where there are none; codes that ended are read here, so that
    # none is given twice.
    entry |= {
        name: sorted(codes) for name, codes in (("ended", old - new), ("begun", new - old)) if codes
    }
    # What a reader will miss in the new plan, since its verbs have to be run
    # again.
    emptied = [
        t
        for t in (*PEOPLE_TABLES, *REACH_TABLES, *VISIT_TABLES)
        if len(before.get_table(t)) and not len(after.get_table(t))
    ]
    if emptied:
        entry["emptied"] = emptied
    return after.replace(
        manifest={**after.manifest, "history": [*(before.manifest.get("history") or []), entry]}
    )


def count_moved(before: Plan, after: Plan) -> int:
    """Count the households in a stairwell of the same code, but in another sub-grid."""
    old = before.stairwells["subgrid"].reindex(after.stairwells.index)
    moved = (old.notna() & (old.fillna("") != after.stairwells["subgrid"])).to_numpy()
    return int(after.stairwells["households"].to_numpy()[moved].sum())
