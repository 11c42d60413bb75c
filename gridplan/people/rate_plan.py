"""Rating: a score of 0 to 100 from indicators, bands A, B and C, and what would lift a score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Floats, Objects
from gridplan.errors import PlanError, RuleError
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.rating import Criterion, RatingRules
from gridplan.tables.indicators import round_figures, write_gaps, write_rows

ROOM = "rating"
DIGITS = 4  # scores are rounded to as many, so that ties are ties
SHARES = {
    "party_share": "workers",
    "owners_party_share": "owners_committees",
}  # shares, and the number they are shares of


def rate(plan: Plan, rules: Rules | None = None) -> Plan:
    """Rate communities and branches, and say what would lift each and which are nearest the cut.

    A criterion earns its weight in proportion to where its value lies between
    floor and cap. Criteria whose value is not known are left out and the
    others count for them, which is reported; an organisation of which nothing is
    known is not rated. Fills ratings and the gaps of the room rating.

    Parameters
    ----------
    plan
        A plan that is staffed, and paired if the criteria ask for that.
    rules
        The rules; those of the plan's manifest if not given. Section
        ``rating`` is used.

    Raises
    ------
    PlanError
        If there is nothing to rate by.
    RuleError
        If criteria cannot be read; all that is wrong is reported.

    Examples
    --------
    >>> from gridplan.people.staffing.staff_plan import staff
    >>> from gridplan.synthetic import make_people_plan
    >>> criteria = [Criterion("party_share", 60, 0.4, 0.6), Criterion("leaders", 40, 0, 4)]
    >>> rules = Rules().replace(rating={"criteria": criteria})
    >>> plan = rate(staff(make_people_plan()), rules)
    >>> rows = plan.ratings.query("level == 'community'")
    >>> rows[["score", "band", "lever", "lever_gain"]].values.tolist()
    [[80.0, 'A', 'leaders', 20.0]]
    """
    rules = rules or plan.rules
    rating_rules = rules.rating
    if plan.indicators.empty:
        raise PlanError("the plan has no indicators to rate by: run staff, and pair, on it first")
    values = {"community": gather_communities(plan), "branch": gather_branches(plan)}
    criteria = {
        "community": rating_rules.criteria,
        "branch": rating_rules.branch_criteria,
    }
    frames = []
    for level, table in values.items():
        if len(table):
            frames.append(rate_level(level, table, criteria[level], rating_rules))
    joined = pd.concat(frames, ignore_index=True)
    # All earlier ratings go: a rank means something among its own run only.
    ratings = write_rows(
        "ratings", plan.ratings, [True] * len(plan.ratings), joined, ["level", "rank", "of"]
    )
    figures = _sum_up_ratings(ratings, rating_rules)
    people = {
        **plan.manifest.get("people", {}),
        "rate": {"rules": rules.to_dict()["rating"], "figures": figures},
    }
    gaps = write_gaps(plan.gaps, ROOM, _list_gaps(plan, ratings, rating_rules))
    return plan.replace(ratings=ratings, gaps=gaps, manifest={**plan.manifest, "people": people})


def gather_communities(plan: Plan) -> pd.DataFrame:
    """Gather communities' indicators: a row each, a column per measure, NaN where unknown."""
    indicators = plan.indicators[plan.indicators["level"] == "community"]
    # A measure has one value by place; a column that nobody knows must stay.
    table = indicators.pivot_table(
        index="of", columns="measure", values="value", aggfunc="first", dropna=False
    )
    return table.assign(community=table.index)


def gather_branches(plan: Plan) -> pd.DataFrame:
    """Gather the numbers of branches: a row each, the numeric columns of party_orgs."""
    branches = plan.party_orgs[plan.party_orgs["level"] == "branch"].sort_index()
    return pd.DataFrame(
        branches.select_dtypes("number").astype(float).assign(community=branches["community"])
    )


def rate_level(
    level: str, values: pd.DataFrame, criteria: Sequence[Criterion], rules: RatingRules
) -> pd.DataFrame:
    """Rate the organisations of one level against one another.

    Raises
    ------
    RuleError
        If a criterion asks for a measure that this level does not have.
    """
    # A measure that some levels lack is left out; none at all is a mistake in the rules.
    unknown = [c.measure for c in criteria if c.measure not in values.columns]
    if len(unknown) == len(criteria):
        have = ", ".join(sorted(set(values.columns) - {"community"}))
        raise RuleError(
            f"rating: {', '.join(unknown)}: no indicator of a {level}; there are {have}"
        )
    weight = np.array([c.weight for c in criteria])
    # A column of NaN takes the place of a measure that is not there.
    marks = np.column_stack(
        [
            mark_values(values[c.measure] if c.measure in values else values.iloc[:, 0] * np.nan, c)
            for c in criteria
        ]
    )
    known = ~np.isnan(marks)
    # The weight of the known criteria is the new whole, so scores stay within 100.
    counted = known @ weight
    kept = counted > 0
    marks = marks[kept]
    known = known[kept]
    counted = counted[kept]
    rated = values[kept]
    # What each criterion would bring at full marks, in points.
    gains = np.where(known, (1.0 - np.nan_to_num(marks)) * weight, 0.0) * (100.0 / counted)[:, None]
    score = (
        np.where(known, np.nan_to_num(marks) * weight, 0.0).sum(axis=1) * 100.0 / counted
    ).round(DIGITS)
    band, to_next = band_scores(score, rules)
    # Equal gains go to the criterion that the rules name first.
    lever = np.argmax(gains.round(DIGITS), axis=1)
    names = np.array([c.measure for c in criteria], object)
    gain = gains[np.arange(len(rated)), lever].round(DIGITS)
    return pd.DataFrame(
        {
            "level": level,
            "of": rated.index.to_numpy(object),
            "community": rated["community"].to_numpy(object),
            "score": score,
            "band": band,
            # Equal scores share the better rank.
            "rank": pd.Series(-score).rank(method="min").to_numpy(np.int64),
            "to_next": to_next,
            "lever": np.where(gain > 0, names[lever], ""),
            "lever_gain": gain,
            "known": known.sum(axis=1),
            "caveat": _write_caveats(rated, known, names, rules),
        }
    )


def mark_values(values: Any, criterion: Criterion) -> Floats:
    """Mark values from 0 (at the floor or worse) to 1 (at the cap or better); NaN where unknown.

    Examples
    --------
    >>> mark_values([4.0, 2.5, 0.5, np.nan], Criterion("leader_span", 15.0, 4.0, 1.0)).tolist()
    [0.0, 0.5, 1.0, nan]
    """
    span = criterion.cap - criterion.floor
    # Adding 0 turns a negative zero into a plain one, which would print as -0.
    return np.clip((np.asarray(values, float) - criterion.floor) / span, 0.0, 1.0) + 0.0


def band_scores(score: Floats, rules: RatingRules) -> tuple[Objects, Floats]:
    """Band scores, and say how many points are missing to the band above (NaN in A).

    By share: A goes to the best, as few as make up its share, and to all who
    tie with the last of them; C to the worst, as many as its share allows,
    less those who tie with the last of B. By cuts: at fixed scores. Points to
    the next band are those to the score of its last.

    Examples
    --------
    Five scores with a tie at the cut: a fifth is one, and the second ties with
    it.

    >>> band, missing = band_scores(np.array([90.0, 90.0, 70.0, 60.0, 50.0]), RatingRules())
    >>> band.tolist(), missing.tolist()
    (['A', 'A', 'B', 'B', 'C'], [nan, nan, 20.0, 30.0, 10.0])
    """
    n = len(score)
    best = np.sort(score)[::-1]
    if rules.bands == "cuts":
        cut_a = rules.cut_a
        cut_b = rules.cut_b
    else:
        # A fifth of 5 is 1 and not 1.0000000001, so A is not one larger by a rounding.
        first = int(np.ceil(n * rules.share_a - 1e-9))
        last = int(np.floor(n * rules.share_c + 1e-9))
        # Cuts are scores and not places: who ties with the last one is in as well.
        cut_a = float(best[first - 1]) if first else np.inf
        cut_b = float(best[max(0, n - last - 1)])
    band = np.where(score >= cut_a, "A", np.where(score >= cut_b, "B", "C")).astype(object)
    # Nothing lies above A.
    missing = np.where(band == "A", np.nan, np.where(band == "B", cut_a - score, cut_b - score))
    return band, missing.round(DIGITS)


def _write_caveats(
    values: pd.DataFrame, known: Bools, names: Objects, rules: RatingRules
) -> Objects:
    """Write what to bear in mind: unknown criteria, few organisations, shares of few posts."""
    words = pd.Series("", index=range(len(values)))
    for k, name in enumerate(names):
        words += np.where(known[:, k], "", f"{name} unknown; ")
        # A share of few posts jumps with each of them; that should be known.
        base = SHARES.get(name)
        if base in values:
            few = (values[base].to_numpy(float) < rules.small) & known[:, k]
            words += np.where(few, f"{name} of fewer than {rules.small}; ", "")
    if len(values) < rules.small:
        words += f"only {len(values)} compared; "
    return np.asarray(words.str.rstrip("; "), object)


def _sum_up_ratings(ratings: pd.DataFrame, rules: RatingRules) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for level, rated in ratings.groupby("level"):
        near = rated[(rated["to_next"] > 0) & (rated["to_next"] <= rules.near)]
        figures[f"{level}_rated"] = len(rated)
        figures[f"{level}_share_a"] = float((rated["band"] == "A").mean())
        figures[f"{level}_ties"] = int(rated["score"].duplicated(keep=False).sum())
        figures[f"{level}_near_cut"] = len(near)
    return round_figures(figures)


def _list_gaps(plan: Plan, ratings: pd.DataFrame, rules: RatingRules) -> pd.DataFrame:
    """List organisations in or near the lowest band, with what would lift them."""
    lowest = ratings[ratings["band"] == "C"]
    near = ratings[(ratings["to_next"] > 0) & (ratings["to_next"] <= rules.near)]
    # Households of the community, so that gaps of all rooms can be ranked together.
    homes = plan.subgrids.groupby("community")["households"].sum()
    frames = []
    for rule, rows in (("band_c", lowest), ("near_cut", near)):
        level = rows["level"].where(rows["level"] == "community", "org")
        people = homes.reindex(rows["community"]).fillna(0).to_numpy(np.int64)
        lift = (
            rows["lever"]
            + " would bring up to "
            + rows["lever_gain"].round(1).astype("str")
            + " points"
        )
        reason = (
            "band "
            + rows["band"]
            + ", rank "
            + rows["rank"].astype("str")
            + ", "
            + rows["to_next"].round(2).astype("str")
            + " points missing"
        )
        frames.append(
            pd.DataFrame(
                {
                    "rule": rule,
                    "level": level,
                    "of": rows["of"],
                    "community": rows["community"],
                    "value": rows["score"],
                    "need": rows["score"] + rows["to_next"],
                    "households": people,
                    "reason": reason,
                    "remedy": lift,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
