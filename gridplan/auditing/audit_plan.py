"""The audit: every rule of a plan recomputed from its own tables, whatever made the plan."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridplan.auditing.audit_figures import (
    measure_classes,
    measure_communities,
    measure_subgrids,
    summarise,
)
from gridplan.auditing.audit_report import write_figures, write_kinds, write_verdict
from gridplan.auditing.band_and_codes import (
    check_band,
    check_codes,
    check_exceptions,
    check_figures,
)
from gridplan.auditing.central_households import check_central
from gridplan.auditing.centres import check_centres, measure_walks
from gridplan.auditing.coverage import check_reach
from gridplan.auditing.evidence import SEVERITIES, Evidence, join_findings, order_findings
from gridplan.auditing.grid_kinds import check_exclusives, check_specials
from gridplan.auditing.land_tiling import (
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
from gridplan.auditing.organisation import check_chain, check_pieces, check_sizes
from gridplan.auditing.pairing import check_pairing
from gridplan.auditing.rating import check_rating
from gridplan.auditing.staffing import check_staffing
from gridplan.auditing.stairwell_members import check_counts
from gridplan.auditing.upper_grids import check_grids
from gridplan.auditing.walking import (
    check_barriers,
    check_contiguity,
    check_neighbours,
    measure_steps,
)
from gridplan.auditing.wholeness import check_buildings, check_compounds, measure_splits
from gridplan.errors import PlanError
from gridplan.rules.all_rules import Rules
from gridplan.tables.html import say_count

if TYPE_CHECKING:
    from gridplan.plan import Plan


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
                write_verdict(self.passed, self.summary),
                "",
                write_figures(self.summary),
                "",
                *write_kinds(self.findings),
            ]
        )

    def _repr_html_(self) -> str:
        """Write the report for a notebook; codes from the data are escaped."""
        return f"<pre>{html.escape(str(self))}</pre>"

    def to_dict(self) -> dict[str, Any]:
        """Return verdict, summary, findings and communities as values for JSON; unknown is None."""
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
    """Check some communities of a plan against every rule that they can break alone."""
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
    subgrids = measure_subgrids(evidence, findings, walks)
    splits = {"buildings": buildings, "compounds": compounds}
    communities = measure_communities(evidence, findings, subgrids, tiling, splits)
    return Audit(
        findings,
        communities,
        summarise(evidence, findings, communities, subgrids, insides),
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
        "classes": measure_classes(subgrids),
        "area_error": max(part.summary["area_error"] for part in parts),
        "home_area": area,
        "home_area_outside": outside / area if area else 0.0,
        "dropped": first["dropped"] if dropped is None else dict(dropped),
        "findings": {word: int((findings["severity"] == word).sum()) for word in SEVERITIES},
    }
    return Audit(findings, communities, summary, subgrids)


def _list_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [
        {str(k): v.item() if isinstance(v, np.generic) else v for k, v in row.items()}
        for row in rows
    ]
