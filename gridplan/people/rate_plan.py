"""Rating: a score of 0 to 100 from indicators, bands by field, and what would lift a score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Floats, Objects
from gridplan.errors import PlanError, RuleError
from gridplan.people.score_bands import DIGITS, band_scores
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.rating import FIELDS, Criterion, RatingRules
from gridplan.tables.indicators import round_figures, write_gaps, write_rows

ROOM = "rating"
SHARES = {
    "party_share": "workers",
    "owners_party_share": "owners_committees",
}  # shares, and the number they are shares of
FIELD_OF_KIND = {"urban": "urban", "rural": "village"}


def rate(plan: Plan, rules: Rules | None = None) -> Plan:
    """Rate communities, branches and institutions within their fields, and say what lifts each.

    A criterion earns its weight in proportion to where its value lies between
    floor and cap. One whose value is not known earns nothing: ``score`` is
    what is certain, ``score_high`` what it would be if all that is unknown
    were met in full. Bands and ranks are those within a field (urban, village,
    institution, other), and band A needs that enough is known. An organisation
    of which nothing is known is not rated. Fills ratings and the gaps of the
    room rating.

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
    >>> rows[["field", "score", "band", "lever", "lever_gain"]].values.tolist()
    [['urban', 80.0, 'A', 'leaders', 20.0]]
    """
    rules = rules or plan.rules
    rating_rules = rules.rating
    if plan.indicators.empty:
        raise PlanError("the plan has no indicators to rate by: run staff, and pair, on it first")
    values = {
        "community": gather_communities(plan),
        "branch": gather_branches(plan),
        "institution": gather_institutions(plan),
    }
    frames = []
    for level, table in values.items():
        criteria = rating_rules.find_criteria(level)
        if len(table) and criteria:
            frames.append(rate_level(level, table, criteria, rating_rules))
    joined = pd.concat(frames, ignore_index=True)
    # All earlier ratings go: a rank means something among its own run only.
    ratings = write_rows(
        "ratings",
        plan.ratings,
        [True] * len(plan.ratings),
        joined,
        ["level", "field", "rank", "of"],
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
    return table.assign(community=table.index, field=_find_fields(plan, table.index))


def gather_branches(plan: Plan) -> pd.DataFrame:
    """Gather the numbers of branches: a row each, the numeric columns of party_orgs."""
    branches = plan.party_orgs[plan.party_orgs["level"] == "branch"].sort_index()
    return pd.DataFrame(
        branches.select_dtypes("number")
        .astype(float)
        .assign(community=branches["community"], field=_find_fields(plan, branches["community"]))
    )


def gather_institutions(plan: Plan) -> pd.DataFrame:
    """Gather the numbers of institutions: communities that they answer for, members who serve."""
    rows = plan.indicators[plan.indicators["level"] == "institution"]
    rows = rows[rows["measure"] == "communities"].set_index("of").sort_index()
    sent = plan.links[plan.links["kind"] == "member_checkin"].groupby("source")["amount"].sum()
    members = plan.site.institutions["party_members"].reindex(rows.index)
    serving = sent.reindex(rows.index).fillna(0.0).where(members.notna())
    return pd.DataFrame(
        {
            "communities": rows["value"],
            "answered_share": rows["value"] / rows["need"].where(rows["need"] > 0),
            "checkin_members": serving,
            "checkin_share": serving / members.where(members > 0),
            "party_members": members,
        },
        dtype=float,
    ).assign(community="", field="institution")


def _find_fields(plan: Plan, communities: Any) -> Objects:
    """Find the field of communities by their class; other where nobody says it."""
    kind = plan.site.communities["kind"].reindex(communities)
    return np.asarray(kind.map(FIELD_OF_KIND).fillna("other"), object)


def rate_level(
    level: str, values: pd.DataFrame, criteria: Sequence[Criterion], rules: RatingRules
) -> pd.DataFrame:
    """Rate the organisations of one level, those of each field against one another.

    Raises
    ------
    RuleError
        If the criteria ask only for measures that this level does not have.
    """
    # A measure that some plans lack is unknown; none at all is a mistake in the rules.
    unknown = [c.measure for c in criteria if c.measure not in values.columns]
    if len(unknown) == len(criteria):
        have = ", ".join(sorted(set(values.columns) - {"community", "field"}))
        raise RuleError(
            f"rating: {', '.join(unknown)}: no indicator of a {level}; there are {have}"
        )
    frames = []
    for field in FIELDS:
        asked = [c for c in criteria if c.field in ("", field)]
        rows = values[values["field"] == field]
        if len(rows) and asked:
            frames.append(_rate_field(level, field, rows, asked, rules))
    return pd.concat(frames, ignore_index=True)


def _rate_field(
    level: str,
    field: str,
    values: pd.DataFrame,
    criteria: Sequence[Criterion],
    rules: RatingRules,
) -> pd.DataFrame:
    """Rate the organisations of one field."""
    weight = np.array([c.weight for c in criteria])
    weight = weight * (100.0 / weight.sum())
    # A column of NaN takes the place of a measure that is not there.
    marks = np.column_stack(
        [
            mark_values(
                values[c.measure] if c.measure in values else np.full(len(values), np.nan), c
            )
            for c in criteria
        ]
    )
    kept = ~np.isnan(marks).all(axis=1)
    marks = marks[kept]
    rated = values[kept]
    known = ~np.isnan(marks)
    earned = np.nan_to_num(marks)
    score = (earned @ weight).round(DIGITS)
    share = (known @ weight / 100.0).round(DIGITS)
    able = share >= rules.known_least - 1e-9
    band, to_next = (
        band_scores(score, rules, able, rules.find_share(field))
        if len(rated)
        else (np.zeros(0, object), np.zeros(0))
    )
    # What each criterion would bring at full marks, in points; of one unknown, all of it.
    gains = ((1.0 - earned) * weight).round(DIGITS)
    # Equal gains go to the criterion that the rules name first.
    lever = np.argmax(gains, axis=1)
    names = np.array([c.measure for c in criteria], object)
    gain = gains[np.arange(len(rated)), lever]
    return pd.DataFrame(
        {
            "level": level,
            "field": field,
            "of": rated.index.to_numpy(object),
            "community": rated["community"].to_numpy(object),
            "score": score,
            "score_high": (score + 100.0 * (1.0 - known @ weight / 100.0)).round(DIGITS),
            "band": band,
            # Equal scores share the better rank.
            "rank": pd.Series(-score).rank(method="min").to_numpy(np.int64),
            "to_next": to_next,
            "lever": np.where(gain > 0, names[lever], ""),
            "lever_gain": gain,
            "known": known.sum(axis=1),
            "asked": len(criteria),
            "known_share": share,
            "caveat": _write_caveats(rated, known, names, able, rules),
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


def _write_caveats(
    values: pd.DataFrame, known: Bools, names: Objects, able: Bools, rules: RatingRules
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
    words += np.where(able, "", "too little known for A; ")
    if len(values) < rules.small:
        words += f"only {len(values)} compared; "
    return np.asarray(words.str.rstrip("; "), object)


def _sum_up_ratings(ratings: pd.DataFrame, rules: RatingRules) -> dict[str, Any]:
    """Sum up each level, and each of its fields where there are several."""
    figures: dict[str, Any] = {}
    for level, of_level in ratings.groupby("level"):
        fields = dict(iter(of_level.groupby("field")))
        several = {f"{level}_{field}": rows for field, rows in fields.items() if len(fields) > 1}
        for name, rated in {str(level): of_level, **several}.items():
            near = rated[(rated["to_next"] > 0) & (rated["to_next"] <= rules.near)]
            figures[f"{name}_rated"] = len(rated)
            figures[f"{name}_share_a"] = float((rated["band"] == "A").mean())
            figures[f"{name}_near_cut"] = len(near)
            figures[f"{name}_too_little_known"] = int(
                (rated["known_share"] < rules.known_least - 1e-9).sum()
            )
        ties = of_level.groupby("field")["score"].transform(lambda s: s.duplicated(keep=False))
        figures[f"{level}_ties"] = int(ties.sum())
    return round_figures(figures)


def _list_gaps(plan: Plan, ratings: pd.DataFrame, rules: RatingRules) -> pd.DataFrame:
    """List organisations in or near the lowest band, with what would lift them."""
    lowest = ratings[ratings["band"] == "C"]
    near = ratings[(ratings["to_next"] > 0) & (ratings["to_next"] <= rules.near)]
    # Households of the community, so that gaps of all rooms can be ranked together.
    homes = plan.subgrids.groupby("community")["households"].sum()
    frames = []
    for rule, rows in (("band_c", lowest), ("near_cut", near)):
        level = rows["level"].where(rows["level"] != "branch", "org")
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
