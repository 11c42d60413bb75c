"""Rules on ratings: scores found again from the indicators, and the ranks and bands they give."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Floats, Ints, Objects
from gridplan.auditing.derived import compare_rows, read_indicator, recall_rules
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import join_findings, pick_rows, write_findings
from gridplan.rules.rating import Criterion, RatingRules

POINT = 0.001  # points of 100 by which scores may differ
RATE_AGAIN = "rate the plan again"
FIELDS = ("urban", "village", "institution", "other")


def check_rating(evidence: Evidence) -> pd.DataFrame:
    """Check the ratings of a plan against its indicators and rules; silent where there are none.

    Source: at least a fifth in band A, field by field (China City News, 25
    September 2023, p. 19); the criteria are the planner's.
    """
    ratings = evidence.plan.ratings
    if ratings.empty:
        return join_findings([])
    findings = []
    # Villages are ranked among villages, branches among branches.
    for (level, field), rows in ratings.groupby(["level", "field"], sort=True):
        findings += _check_field(evidence, str(level), str(field), rows)
    return join_findings(findings)


def _report(severity: str, rows: Any, what: str, remedy: str = RATE_AGAIN) -> pd.DataFrame:
    return write_findings(
        "rating",
        severity,
        "ratings",
        rows["of"].to_numpy(object),
        rows["community"].to_numpy(object),
        what=what,
        remedy=remedy,
        noun="rating",
    )


def _check_field(e: Evidence, level: str, field: str, rows: pd.DataFrame) -> list[pd.DataFrame]:
    rules = e.rules.rating
    score = rows["score"].to_numpy()
    # Written as not within, so that a score of NaN is found too.
    is_outside = ~((score >= 0) & (score <= 100))
    again, weight = _score_again(e, level, field, rows["of"])
    is_off = ~(np.abs(again - score) <= POINT)
    able = weight >= rules.known_least - 1e-4
    # Equal scores share the rank of the first of them.
    scores = np.unique(score)
    better = np.array([(score > s).sum() for s in scores])
    rank = better[np.searchsorted(scores, score)] + 1
    # An unknown band counts as a fourth, and is found as torn.
    order = rows["band"].map({"A": 0, "B": 1, "C": 2}).fillna(3).to_numpy()
    findings = [
        _report("error", pick_rows(rows, is_outside), "with a score outside 0 to 100"),
        _report(
            "error", pick_rows(rows, is_off), "whose score does not follow from the indicators"
        ),
        _report(
            "error",
            pick_rows(rows, rank != rows["rank"].to_numpy()),
            "whose rank does not follow from the scores",
        ),
        _report(
            "error",
            pick_rows(rows, _find_torn(score, order, able)),
            "in a band that does not follow from the scores",
        ),
        _report(
            "error",
            pick_rows(rows, (order == 0) & ~able),
            "in band A of which too little is known",
        ),
    ]
    in_a = order == 0
    share = rules.find_share(field)
    # Whoever knows enough and is not in the last band could fill a place in A.
    free = able & (order == 1)
    # The slack is for shares such as 0.2, which floats do not hold exactly.
    if rules.bands == "share" and in_a.sum() < share * len(rows) - 1e-9 and free.any():
        what = f"that could be in band A, which has fewer than {share:.0%} of its field"
        findings.append(_report("error", rows[free], what))
    return findings


def _find_torn(score: Floats, order: Ints, able: Bools) -> Bools:
    """Find the rows in no band, below an equal score, or above a score in a higher band."""
    lowest_a = score[order == 0].min(initial=np.inf)
    lowest_b = score[order == 1].min(initial=np.inf)
    # Whoever is not known well enough for A is in B by the score of A.
    passed_over = (order == 1) & able & (score >= lowest_a)
    return np.asarray(
        (order == 3) | passed_over | ((order == 2) & (score >= min(lowest_a, lowest_b)))
    )


def _score_again(e: Evidence, level: str, field: str, of: pd.Series[Any]) -> tuple[Floats, Floats]:
    """Score again from the indicators, and add up the weight of what is known, as a share."""
    asked = _choose_asked(level, field, e.rules.rating)
    earned = np.zeros(len(of))
    weights = np.zeros(len(of))
    for criterion in asked:
        mark = _mark(e, level, criterion, of)
        # What is not known earns nothing, so that nobody is marked up for it.
        earned += criterion.weight * np.nan_to_num(mark)
        weights += criterion.weight * ~np.isnan(mark)
    whole = math.fsum(criterion.weight for criterion in asked)
    # 0 / 0, with nothing asked, is no score.
    with np.errstate(invalid="ignore", divide="ignore"):
        return 100.0 * earned / whole, weights / whole


def _choose_asked(level: str, field: str, rules: RatingRules) -> list[Criterion]:
    """Choose the criteria that a field of a level is asked."""
    of_level = {
        "community": rules.criteria,
        "branch": rules.branch_criteria,
        "institution": rules.institution_criteria,
    }.get(level, ())
    return [c for c in of_level if not c.field or c.field == field]


def _mark(e: Evidence, level: str, criterion: Criterion, of: Any) -> Floats:
    """Mark what each place has of a criterion from 0 to 1; NaN where it is not known."""
    if level == "branch":
        orgs = e.plan.party_orgs
        values = orgs.get(criterion.measure, pd.Series(np.nan, orgs.index))
    elif level == "institution":
        values = _measure_institutions(e).get(criterion.measure, pd.Series(dtype=float))
    else:
        values = read_indicator(e, criterion.measure)
    held = values.reindex(of).to_numpy(float)
    # Where less is better the cap is below the floor, and both differences are negative.
    share = (held - criterion.floor) / (criterion.cap - criterion.floor)
    return np.asarray(np.minimum(1.0, np.maximum(0.0, share)), float)


def _measure_institutions(e: Evidence) -> dict[str, pd.Series[Any]]:
    """Measure what institutions do, from the links and their own numbers."""
    rows = e.plan.indicators
    rows = rows[(rows["level"] == "institution") & (rows["measure"] == "communities")]
    rows = rows.drop_duplicates("of").set_index("of")
    members = e.plan.site.institutions["party_members"].reindex(rows.index).astype(float)
    links = e.plan.links[e.plan.links["kind"] == "member_checkin"]
    sent = pd.Series(0.0, rows.index).add(
        links.groupby("source")["amount"].sum().reindex(rows.index), fill_value=0.0
    )
    sent = sent.where(members.notna())
    return {
        "communities": rows["value"],
        "answered_share": rows["value"] / rows["need"].where(rows["need"] > 0),
        "checkin_members": sent,
        "checkin_share": sent / members.where(members > 0),
        "party_members": members,
    }


def check_rating_columns(evidence: Evidence) -> pd.DataFrame:
    """Check who is rated in which field, scores, points to the next band, lever and its points.

    Source: gridplan's schema; the criteria and cuts are rules.
    """
    e = evidence
    ratings = e.plan.ratings
    if ratings.empty:
        return join_findings([])
    rules = recall_rules(e, "rate", "rating").rating
    frames = [
        _rate_again(e, level, field, codes, rules)
        for level in ("community", "branch", "institution")
        for field, codes in _list_rated(e, level, ratings).items()
    ]
    return compare_rows(
        "rating", "ratings", ratings, pd.concat(frames), ("level", "of"), RATE_AGAIN, "rating"
    )


def _list_rated(e: Evidence, level: str, ratings: pd.DataFrame) -> dict[str, Objects]:
    """List what is rated at a level, by field."""
    if level == "institution":
        rows = e.plan.indicators
        of = rows.loc[(rows["level"] == level) & (rows["measure"] == "communities"), "of"]
        return {"institution": np.unique(of.to_numpy(object).astype(str)).astype(object)}
    if level == "branch":
        orgs = e.plan.party_orgs[e.plan.party_orgs["level"] == "branch"].sort_index()
        codes, homes = orgs.index.to_numpy(object), orgs["community"]
    else:
        table = e.plan.indicators
        # Some indicators are written after the rating; the rated are those with criteria.
        of = table.loc[
            (table["level"] == level) & table["room"].isin(["staffing", "pairing"]), "of"
        ]
        codes = np.unique(of.to_numpy(object).astype(str)).astype(object)
        if not len(codes):
            codes = ratings.loc[ratings["level"] == level, "of"].to_numpy(object)
        homes = pd.Series(codes)
    kind = e.communities["kind"].reindex(homes).to_numpy(object)
    fields = np.select([kind == "urban", kind == "rural"], ["urban", "village"], "other")
    return {field: codes[fields == field] for field in FIELDS if (fields == field).any()}


def _rate_again(
    e: Evidence, level: str, field: str, of: Objects, rules: RatingRules
) -> pd.DataFrame:
    """Rate all places of one field again from the indicators."""
    asked = _choose_asked(level, field, rules)
    if not asked or not len(of):
        return pd.DataFrame()
    marks = np.column_stack([_mark(e, level, c, of) for c in asked])
    kept = ~np.isnan(marks).all(axis=1)
    marks, of = marks[kept], of[kept]
    whole = math.fsum(c.weight for c in asked)
    weight = np.array([100 * c.weight / whole for c in asked], float)
    known = ~np.isnan(marks)
    missed = (1 - np.nan_to_num(marks)) * weight
    score = np.round(100 - missed.sum(axis=1), 4)
    share = np.round(np.where(known, weight, 0.0).sum(axis=1) / 100, 4)
    lever = missed.round(4).argmax(axis=1)
    gain = missed[np.arange(len(of)), lever].round(4)
    names = np.array([c.measure for c in asked], object)
    band, to_next = _cut(score, share >= rules.known_least - 1e-9, rules.find_share(field), rules)
    orgs = e.plan.party_orgs["community"]
    community = {"community": of, "branch": orgs.reindex(of).to_numpy(object)}.get(level, "")
    return pd.DataFrame(
        {
            "level": level,
            "field": field,
            "of": of,
            "community": community,
            "score": score,
            "score_high": score + np.where(known, 0.0, weight).sum(axis=1),
            "band": band,
            "rank": [1 + int((score > s).sum()) for s in score],
            "to_next": to_next,
            "lever": np.where(gain > 0, names[lever], ""),
            "lever_gain": gain,
            "known": known.sum(axis=1),
            "asked": len(asked),
            "known_share": share,
        }
    )


def _cut(score: Any, able: Any, share_a: float, rules: RatingRules) -> tuple[Any, Any]:
    """Cut scores into bands, and find the points to the band above."""
    n = len(score)
    places = math.ceil(n * share_a - 1e-9)
    last = math.floor(n * rules.share_c + 1e-9)
    cut_b = rules.cut_b
    cut_a = rules.cut_a
    if rules.bands == "share" and n:
        cut_b = sorted(score, reverse=True)[max(0, n - last - 1)]
        chosen = sorted((s for s, fit in zip(score, able, strict=True) if fit), reverse=True)
        chosen = chosen[:places]
        cut_a = max(chosen[-1], cut_b) if chosen else math.inf
    band: list[str] = []
    to_next: list[float] = []
    for s, fit in zip(score, able, strict=True):
        band.append("A" if fit and s >= cut_a else "B" if s >= cut_b else "C")
        above = {"A": math.inf, "B": cut_a, "C": cut_b}[band[-1]]
        to_next.append(math.nan if math.isinf(above) else round(max(0.0, above - s), 4))
    return np.array(band, object), np.array(to_next, float)
