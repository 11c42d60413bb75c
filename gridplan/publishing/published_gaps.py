"""Which gaps a release publishes: how many each rule has, and all of them together, by place."""

from __future__ import annotations

import pandas as pd

from gridplan.plan import Plan
from gridplan.publishing.left_over import list_left_over
from gridplan.publishing.place_sums import CITY, UPPER
from gridplan.publishing.published_counts import COLUMNS
from gridplan.rules.coverage import CENTRAL
from gridplan.rules.disclosure import DisclosureRules
from gridplan.tables.level_indicators import place_bodies
from gridplan.tables.requirements import read_document

TOGETHER = "gaps"


def publish_gaps(plan: Plan, cells: pd.DataFrame, rules: DisclosureRules) -> pd.DataFrame:
    """Publish how many gaps each rule has, by community where none of its counts is suppressed.

    A single community whose gaps are withheld would be found from the sum of
    the others: it is then left out of that sum. All rules together are those
    that are published, and are suppressed where some of a community are not.
    """
    if plan.gaps.empty:
        return pd.DataFrame(columns=COLUMNS)
    bodies = place_bodies(plan.site.communities)
    counts = cells[cells["level"] == "community"]
    closed = set(counts.loc[~counts["shown"].astype(bool), "community"])
    table = _count_gaps(plan)
    shut = table["community"].isin(closed) | _count_few_centres(plan, table, rules)
    frames = [table[~shut & (table["community"] != "")].assign(level="community")]
    frames[0]["of"] = frames[0]["community"]
    for measure, rows in table.groupby("measure"):
        frames.append(_sum_gaps(plan, str(measure), rows, shut[rows.index], bodies, rules))
    by_rule = pd.concat(frames, ignore_index=True).assign(shown=True)
    return pd.concat(
        [by_rule[COLUMNS], _sum_rules(by_rule, bodies, closed | set(table["community"][shut]))],
        ignore_index=True,
    )


def _count_gaps(plan: Plan) -> pd.DataFrame:
    """Count the gaps that may leave by measure and community; "" is a gap of the city alone."""
    # Where no central household is in reach says where members live.
    listed = plan.gaps[(plan.gaps["room"] != "reach") | (plan.gaps["rule"] != CENTRAL)]
    # What counts posts or people, and what a town asks by a file of its own, stays behind.
    open_rules = [key for key, one in read_document().items() if one.release == "yes"]
    listed = listed[(listed["room"] != "inventory") | listed["rule"].isin(open_rules)]
    gaps = listed.assign(measure="gaps:" + listed["room"] + ":" + listed["rule"])
    return gaps.groupby(["measure", "community"]).size().rename("value").astype(float).reset_index()


def _sum_gaps(
    plan: Plan,
    measure: str,
    rows: pd.DataFrame,
    shut: pd.Series[bool],
    bodies: pd.DataFrame,
    rules: DisclosureRules,
) -> pd.DataFrame:
    """Sum up the gaps of one rule by the bodies above, without those that a sum would give away."""
    value = rows.set_index("community")["value"]
    homes = _count_homes(plan)
    is_centre = measure.endswith(":" + CENTRAL)

    def may_join(codes: tuple[str, ...]) -> bool:
        centres = sum(homes.get(code, 0) for code in codes) - float(value[list(codes)].sum())
        few = is_centre and 0 < centres < rules.smallest
        return len(codes) > 1 and not few

    withheld = set(rows.loc[shut, "community"])
    left_over = list_left_over(withheld, bodies, may_join)
    open_ = [code for code in value.index if code not in withheld]
    listed = []
    for level in UPPER:
        joined = (one for one in left_over if one.level == level and one.may_join)
        open_ += [code for one in joined for code in one.communities]
        above = bodies[level].to_dict()
        sums: dict[str, float] = {}
        for code in open_:
            # Some gaps are those of the city as a whole.
            name = CITY if level == "city" else above.get(code, "")
            sums[name] = sums.get(name, 0.0) + float(value[code])
        listed += [(level, name, total) for name, total in sorted(sums.items()) if name]
    if is_centre:
        # The sub-grids of a body less those that lack a centre are homes of members.
        all_ = _count_homes_above(homes, bodies)
        listed = [
            (level, name, total)
            for level, name, total in listed
            if not 0 < float(all_.get((level, name), 0.0)) - total < rules.smallest
        ]
    table = pd.DataFrame(listed, columns=["level", "of", "value"])
    return table.assign(measure=measure, community="")


def _count_homes(plan: Plan) -> dict[str, int]:
    """Count the sub-grids of homes by community."""
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"]
    return {str(code): int(n) for code, n in homes["community"].value_counts().items()}


def _count_homes_above(homes: dict[str, int], bodies: pd.DataFrame) -> pd.Series[float]:
    """Count the sub-grids of homes by level and body."""
    count = pd.Series([homes.get(str(code), 0) for code in bodies.index], bodies.index, dtype=float)
    return pd.concat(
        {level: count.groupby(bodies[level].to_numpy(object)).sum() for level in UPPER}
    )


def _count_few_centres(plan: Plan, gaps: pd.DataFrame, rules: DisclosureRules) -> pd.Series[bool]:
    """Whether gaps of central households leave a small count of sub-grids that have one.

    Each of those is the home of a member.
    """
    rest = gaps["community"].map(_count_homes(plan)).fillna(0) - gaps["value"]
    is_centre = gaps["measure"].str.endswith(":" + CENTRAL)
    return is_centre & (rest > 0) & (rest < rules.smallest)


def _sum_rules(by_rule: pd.DataFrame, bodies: pd.DataFrame, shut: set[str]) -> pd.DataFrame:
    """Sum up the gaps of all published rules by place; 0 where a place has none."""
    sums = by_rule.groupby(["level", "of"])["value"].sum()
    frames = []
    for level in ("community", *UPPER):
        of = bodies.index if level == "community" else bodies[level]
        names = sorted({str(name) for name in of} - {""})
        value = sums.reindex(pd.MultiIndex.from_product([[level], names])).fillna(0.0).to_numpy()
        frame = pd.DataFrame({"of": names, "value": value}).assign(level=level, community="")
        if level == "community":
            frame["community"] = frame["of"]
        frames.append(frame)
    table = pd.concat(frames, ignore_index=True).assign(measure=TOGETHER)
    hidden = (table["level"] == "community") & table["of"].isin(shut)
    return table.assign(value=table["value"].mask(hidden), shown=~hidden)[COLUMNS]
