"""The audit: every rule of a plan recomputed from its own tables, blind to how the plan was made."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridplan.auditing.band_and_codes import (
    check_band,
    check_codes,
    check_exceptions,
    check_figures,
)
from gridplan.auditing.central_households import check_central
from gridplan.auditing.centres import Walks, check_centres, measure_walks
from gridplan.auditing.coverage import check_reach
from gridplan.auditing.evidence import SEVERITIES, Array, Evidence, join_findings, order_findings
from gridplan.auditing.grid_kinds import check_exclusives, check_grids, check_specials
from gridplan.auditing.land_tiling import (
    Insides,
    Tiling,
    check_homes,
    check_tiling,
    measure_insides,
    measure_tiling,
)
from gridplan.auditing.membership import (
    check_communities,
    check_membership,
    check_nesting,
    check_sums,
)
from gridplan.auditing.organisation import check_chain, check_counts, check_pieces, check_sizes
from gridplan.auditing.pairing import check_pairing
from gridplan.auditing.rating import check_rating
from gridplan.auditing.staffing import check_staffing
from gridplan.auditing.walking import (
    check_barriers,
    check_contiguity,
    check_neighbours,
    measure_steps,
)
from gridplan.auditing.wholeness import Splits, check_buildings, check_compounds, measure_splits
from gridplan.errors import PlanError
from gridplan.rules.all_rules import Rules
from gridplan.tables.html import say_count

if TYPE_CHECKING:
    from gridplan.plan import Plan

SHOWN_FINDINGS = 12  # kinds of findings in the printed report; the rest are counted


_OTHERS = {"exclusive": "exclusive grid", "special_grids": "special grid", "grids": "upper grid"}


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    ``findings`` has one row for each fault and place (rule, severity, table,
    community, subgrid, ids, count, message, remedy): an ``error`` breaks a
    rule, a ``warning`` should be looked at, a ``note`` is worth knowing.
    ``communities`` holds the figures of each community, ``summary`` those of
    the whole plan and ``subgrids`` what was found again of each sub-grid.
    Print it for a report of about a screen.
    """

    findings: pd.DataFrame
    communities: pd.DataFrame
    summary: Mapping[str, Any]
    subgrids: pd.DataFrame

    @property
    def passed(self) -> bool:
        """Whether no rule is broken; warnings and notes do not count."""
        return not (self.findings["severity"] == "error").any()

    def __repr__(self) -> str:
        """Write the verdict on one line."""
        kinds = self.findings["severity"].value_counts()
        found = ", ".join(say_count(int(kinds.get(k, 0)), k) for k in ("error", "warning", "note"))
        return f"Audit({'passed' if self.passed else 'failed'}: {found})"

    def __str__(self) -> str:
        """Write the verdict, the figures and the kinds of findings, worst first."""
        return "\n".join(
            [
                _write_verdict(self),
                "",
                _write_figures(self.summary),
                "",
                *_write_kinds(self.findings),
            ]
        )

    def _repr_html_(self) -> str:
        """Write the report for a notebook; codes from the data are escaped."""
        return f"<pre>{html.escape(str(self))}</pre>"

    def to_dict(self) -> dict[str, Any]:
        """Return verdict, summary, findings and communities as plain values that JSON can hold; what is not known is None."""
        return {
            "passed": self.passed,
            "summary": dict(self.summary),
            "findings": _list_rows(self.findings),
            "communities": _list_rows(self.communities.reset_index()),
        }


def audit(plan: Plan, rules: Rules | None = None) -> Audit:
    """Check a plan against every rule, whoever drew it.

    Nothing that the plan says of itself is believed: members, sums, bands,
    contiguity, walks and areas are found again from stairwells, buildings,
    barriers and outlines.

    Parameters
    ----------
    plan
        Any plan. ``neighbours`` may be empty; contiguity is then judged by the
        outlines.
    rules
        Rules to judge by; those in the plan's manifest if not given, and
        gridplan's defaults if it has none.

    Raises
    ------
    PlanError
        If the plan is a release, whose figures are bands.
    RuleError
        If the manifest has a rule that is not known.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> result = audit(make_board_plan())
    >>> result.passed, result.summary["households"], result.communities.loc["0301", "non_contiguous"]
    (True, 120, np.int64(0))
    """
    return _judge(_open_evidence(plan, rules), whole=True)


def audit_part(plan: Plan, rules: Rules | None = None) -> Audit:
    """Check some communities of a plan against every rule but those that only all communities together can break."""
    return _judge(_open_evidence(plan, rules), whole=False)


def find_across(plan: Plan, rules: Rules | None = None) -> pd.DataFrame:
    """Find what breaks rules that look across all communities: pairing, rating and reach."""
    evidence = _open_evidence(plan, rules)
    return join_findings([check_pairing(evidence), check_rating(evidence), check_reach(evidence)])


def _open_evidence(plan: Plan, rules: Rules | None) -> Evidence:
    if plan.is_release:
        raise PlanError(
            "a release holds bands, not households -> audit the working plan, and check the release by check_release"
        )
    return Evidence(plan, rules or plan.rules)


def _judge(evidence: Evidence, whole: bool) -> Audit:
    steps = measure_steps(evidence)
    walks = measure_walks(evidence)
    tiling = measure_tiling(evidence)
    insides = measure_insides(evidence)
    buildings = measure_splits(evidence, "building")
    compounds = measure_splits(evidence, "compound")
    findings = join_findings(
        [
            check_membership(evidence),
            check_communities(evidence),
            check_sums(evidence),
            check_band(evidence, steps),
            check_contiguity(evidence, steps),
            check_neighbours(evidence, steps),
            check_nesting(evidence),
            check_tiling(evidence, tiling),
            check_homes(evidence, insides),
            check_buildings(evidence, buildings),
            check_compounds(evidence, compounds),
            check_barriers(evidence, steps, walks),
            check_centres(evidence, walks),
            check_codes(evidence),
            check_figures(evidence, walks),
            check_exceptions(evidence),
            check_exclusives(evidence),
            check_specials(evidence),
            check_grids(evidence, steps),
            check_counts(evidence),
            check_chain(evidence),
            check_sizes(evidence),
            check_pieces(evidence),
            check_central(evidence),
            check_staffing(evidence),
            *(
                [check_pairing(evidence), check_rating(evidence), check_reach(evidence)]
                if whole
                else []
            ),
        ]
    )
    findings = order_findings(findings)
    subgrids = _measure_subgrids(evidence, findings, walks)
    splits = {"buildings": buildings, "compounds": compounds}
    communities = _measure_communities(evidence, findings, subgrids, tiling, splits)
    return Audit(
        findings,
        communities,
        _summarise(evidence, findings, communities, subgrids, insides),
        subgrids,
    )


def join_audits(
    parts: Sequence[Audit],
    more: Sequence[pd.DataFrame] = (),
    dropped: Mapping[str, int] | None = None,
) -> Audit:
    """Join the audits of parts of one plan, each of some of its communities.

    ``more`` are findings about the plan as a whole, ``dropped`` the rows of
    each table that its ledger counts as dropped.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> one = audit(make_board_plan())
    >>> join_audits([one]).summary == one.summary
    True
    """
    findings = join_findings([*more, *(part.findings for part in parts)]).drop_duplicates()
    order = {rule: n for n, rule in enumerate(dict.fromkeys(findings["rule"]))}
    findings = findings.assign(order=findings["rule"].map(order)).sort_values(
        ["order", "community", "subgrid"], kind="stable"
    )
    findings = order_findings(findings.drop(columns="order"))
    communities = pd.concat([part.communities for part in parts]).sort_index()
    subgrids = pd.concat([part.subgrids for part in parts]).sort_index()
    first = parts[0].summary
    added = {k: sum(part.summary[k] for part in parts) for k, v in first.items() if type(v) is int}
    area = sum(part.summary["home_area"] for part in parts)
    outside = sum(part.summary["home_area"] * part.summary["home_area_outside"] for part in parts)
    summary = {
        **first,
        **added,
        "classes": _measure_classes(subgrids),
        "area_error": max(part.summary["area_error"] for part in parts),
        "home_area": area,
        "home_area_outside": outside / area if area else 0.0,
        "dropped": first["dropped"] if dropped is None else dict(dropped),
        "findings": {word: int((findings["severity"] == word).sum()) for word in SEVERITIES},
    }
    return Audit(findings, communities, summary, subgrids)


def _measure_subgrids(e: Evidence, findings: pd.DataFrame, walks: Walks) -> pd.DataFrame:
    """List what was found again of each sub-grid: class, households, least household-metres, band and whether explained."""
    bare = findings.loc[(findings["rule"] == "band") & (findings["severity"] == "error"), "subgrid"]
    return pd.DataFrame(
        {
            "kind": e.kinds,
            "residential": e.residential,
            "households": e.held,
            "least": walks.least,
            "in_band": e.in_band,
            "explained": ~e.in_band & ~e.subgrids.index.isin(bare) & (e.held > 0),
        },
        index=e.subgrids.index,
    )


def _measure_communities(
    e: Evidence,
    findings: pd.DataFrame,
    subgrids: pd.DataFrame,
    tiling: Tiling,
    splits: Mapping[str, Splits],
) -> pd.DataFrame:
    """Measure every community: households by residential sub-grid, walks, splits, and what was found."""
    codes = e.communities.index
    counted = e.residential & (e.lies_in >= 0)
    table = _measure_groups(subgrids[counted], e.lies_in[counted], len(codes)).set_axis(codes)
    kind = e.communities["kind"]
    wanted = [
        e.rules.find_band(str(k)).choose_count(int(h)) if h else 0
        for k, h in zip(kind, table["households"], strict=True)
    ]
    table.insert(0, "kind", kind)
    table.insert(3, "wanted", wanted)
    for noun, found in splits.items():
        table[f"split_{noun}"] = found.count_by_community().reindex(codes, fill_value=0)
    for column, rule, severity in (
        ("barrier_crossings", "barriers", "warning"),
        ("non_contiguous", "contiguity", "error"),
        ("crossings", "communities", "error"),
    ):
        own = findings[(findings["rule"] == rule) & (findings["severity"] == severity)]
        table[column] = own.groupby("community")["subgrid"].nunique().reindex(codes, fill_value=0)
    table["area_error"] = tiling.table["error"].reindex(codes)
    return table


def _measure_groups(subgrids: pd.DataFrame, group: Array, n: int) -> pd.DataFrame:
    """Measure the sizes and walks of sub-grids by group, a number below n for each."""
    held = subgrids["households"].to_numpy()
    sizes = pd.Series(held).groupby(group)
    metres_sum = np.bincount(group, np.nan_to_num(subgrids["least"].to_numpy()), minlength=n)
    count = np.bincount(group, minlength=n)
    number_out = np.bincount(group, ~subgrids["in_band"].to_numpy(), minlength=n)
    explained = np.bincount(group, subgrids["explained"].to_numpy(), minlength=n)
    households = np.bincount(group, held, minlength=n).round().astype(np.int64)
    index = range(n)
    with np.errstate(invalid="ignore", divide="ignore"):
        return pd.DataFrame(
            {
                "households": households,
                "subgrids": count,
                "mean": households / count,
                "cv": (sizes.std(ddof=0) / sizes.mean()).reindex(index).to_numpy(),
                "min": sizes.min().reindex(index).astype("Int64").array,
                "max": sizes.max().reindex(index).astype("Int64").array,
                "in_band": 1 - number_out / count,
                "explained": np.where(number_out > 0, explained / number_out, 1.0),
                "mean_walk": metres_sum / households,
            },
            index=index,
        )


def _summarise(
    e: Evidence,
    findings: pd.DataFrame,
    communities: pd.DataFrame,
    subgrids: pd.DataFrame,
    insides: Insides,
) -> dict[str, Any]:
    """Sum up the whole plan and its two classes in plain numbers."""
    ledger = e.plan.site.ledger
    dropped = ledger[ledger["action"] == "dropped"].groupby("table")["count"].sum()
    area = float(insides.area.sum())
    sums = [
        "split_buildings",
        "split_compounds",
        "barrier_crossings",
        "non_contiguous",
        "crossings",
    ]
    return {
        "communities": len(e.communities),
        "buildings": len(e.buildings),
        "homes": int((e.buildings["households"] > 0).sum()),
        "stairwells": len(e.stairwells),
        "households": int(e.weight.sum()),
        "subgrids": int(e.residential.sum()),
        "exclusive": int((~e.residential).sum()),
        "special_grids": len(e.plan.special_grids),
        "grids": len(e.plan.grids),
        "classes": _measure_classes(subgrids),
        **{name: int(communities[name].sum()) for name in sums},
        "area_error": float(communities["area_error"].max())
        if communities["area_error"].notna().any()
        else 0.0,
        "home_area": area,
        "home_area_outside": float(insides.outside.sum()) / area if area else 0.0,
        "homes_cut_by_limits": int((insides.cut > 0.01 * insides.area).sum()),
        "dropped": {str(table): int(count) for table, count in dropped.items()},
        "findings": {word: int((findings["severity"] == word).sum()) for word in SEVERITIES},
    }


def _measure_classes(subgrids: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Measure the sub-grids of all homes, and of each class."""
    homes = subgrids[subgrids["residential"]]
    classes = {"all": homes} | {word: homes[homes["kind"] == word] for word in ("urban", "rural")}
    whole = ("households", "subgrids", "min", "max")
    measured = {}
    for word, own in classes.items():
        if len(own):
            row = _measure_groups(own, np.zeros(len(own), np.int64), 1).iloc[0]
            measured[word] = {
                name: int(value) if name in whole else _round(value) for name, value in row.items()
            }
    return measured


def _round(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None


def _list_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [
        {str(k): v.item() if isinstance(v, np.generic) else v for k, v in row.items()}
        for row in rows
    ]


def _write_verdict(result: Audit) -> str:
    found = result.summary["findings"]
    counts = ", ".join(_count(n, word) for word, n in found.items())
    return f"audit      {'passed' if result.passed else 'FAILED'}: {counts}"


def _count(number: int, noun: str) -> str:
    """Write a number and its noun.

    Examples
    --------
    >>> _count(1, "building"), _count(2000, "community")
    ('1 building', '2,000 communities')
    """
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else many}"


def _write_figures(summary: Mapping[str, Any]) -> str:
    """Write the figures of the plan and of its classes."""
    homes = f"{_count(summary['buildings'], 'building')} ({_count(summary['homes'], 'home')})"
    sizes = [
        _count(summary[f"{noun.replace('-', '')}s"], noun)
        for noun in ("stairwell", "household", "sub-grid")
    ]
    lines = [
        f"plan       {', '.join([_count(summary['communities'], 'community'), homes, *sizes])}"
    ]
    for word, own in summary["classes"].items():
        if word == "all" and len(summary["classes"]) == 2:
            continue
        size = f"mean {own['mean']:.1f}" + (
            f" (CV {100 * own['cv']:.0f} %)" if own["cv"] is not None else ""
        )
        rest = (
            f", {100 * own['explained']:.0f} % of the others explained"
            if own["in_band"] < 1
            else ""
        )
        walk = f", mean walk {own['mean_walk']:.0f} m" if own["mean_walk"] is not None else ""
        lines.append(
            f"{word:<10} {_count(own['subgrids'], 'sub-grid')} of {own['min']} to {own['max']} households, {size}; "
            f"{100 * own['in_band']:.2f} % in band{rest}{walk}"
        )
    others = [_count(summary[table], noun) for table, noun in _OTHERS.items() if summary[table]]
    if others:
        lines.append(f"beside     {', '.join(others)}")
    lines += [
        f"walking    {_count(summary['non_contiguous'], 'sub-grid')} not contiguous, {summary['crossings']:,} across community "
        f"limits, {summary['barrier_crossings']:,} across hard barriers",
        f"wholes     {_count(summary['split_buildings'], 'building')} and {_count(summary['split_compounds'], 'compound')} split",
        f"land       area error {summary['area_error']:.1e} at most; {100 * summary['home_area_outside']:.3f} % of home area "
        f"outside its sub-grid; {_count(summary['homes_cut_by_limits'], 'home')} cut by community limits",
    ]
    if summary["dropped"]:
        rows = ", ".join(f"{n:,} {table}" for table, n in summary["dropped"].items())
        lines.append(f"left out   {rows} never entered the plan; the ledger says why")
    return "\n".join(lines)


def _write_kinds(findings: pd.DataFrame) -> list[str]:
    """Write one line for each kind of finding: severity, rule, how many places and rows, the first place, the remedy."""
    if findings.empty:
        return ["nothing found"]
    kind = (
        findings["message"]
        .str.replace(r"[\d,.]*\d", "#", regex=True)
        .str.replace(r"#( \w+?)s\b", r"#\1", regex=True)
    )
    lines = []
    groups = findings.groupby(["severity", "rule", kind.rename("kind")], sort=False)
    for (severity, rule, _), own in groups:
        first = own.iloc[0]
        places = len(own)
        where = first["subgrid"] or first["community"] or first["ids"].split(", ")[0]
        more = f" and {places - 1:,} more place{'s' if places > 2 else ''}" if places > 1 else ""
        rows = f", {own['count'].sum():,} in all" if own["count"].sum() > places > 1 else ""
        lines.append(
            f"{severity:<10} {rule}: {first['message']} ({where}{more}{rows})\n           -> {first['remedy']}"
        )
    shown = lines[:SHOWN_FINDINGS]
    return shown + (
        [f"and {len(lines) - len(shown)} more kinds of findings"] if len(lines) > len(shown) else []
    )
