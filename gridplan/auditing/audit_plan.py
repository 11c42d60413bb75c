"""The audit: every rule of a plan recomputed from its own tables, whatever made the plan.

It is independent on purpose: nothing here calls the code that draws plans, so
that a fault there cannot hide itself. Where both need the same figure, such as
centres, bands or pieces, the audit has its own way to it.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
from gridplan.auditing.audit_rules import RULES_ACROSS, RULES_WITHIN, Rule
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import SEVERITIES, join_findings, order_findings, write_findings
from gridplan.auditing.plain_texts import hold_texts_plainly
from gridplan.auditing.values import clean_plan
from gridplan.errors import GridplanError, PlanError
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
        numbers = self.findings["severity"].value_counts()
        counts = ", ".join(say_count(int(numbers.get(word, 0)), word) for word in SEVERITIES)
        return f"Audit({'passed' if self.passed else 'failed'}: {counts})"

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
    >>> result.passed, result.summary["households"], int(result.communities["non_contiguous"].sum())
    (True, 120, 0)
    """
    return _judge(open_evidence(plan, rules), (*RULES_WITHIN, *RULES_ACROSS))


def audit_part(plan: Plan, rules: Rules | None = None) -> Audit:
    """Check some communities of a plan against every rule that they can break alone."""
    return _judge(open_evidence(plan, rules), RULES_WITHIN)


def find_across(plan: Plan, rules: Rules | None = None) -> pd.DataFrame:
    """Find what breaks rules that look across all communities: pairing, rating and reach."""
    evidence = open_evidence(plan, rules)
    return join_findings(apply_rule(rule, evidence) for rule in RULES_ACROSS)


def open_evidence(plan: Plan, rules: Rules | None = None) -> Evidence:
    """Open a plan for the rules: its values cleaned, its codes ready to be looked up."""
    # A release has bands in place of households, so that no sum of it could be checked.
    if plan.is_release:
        raise PlanError(
            "a release holds bands, not households -> "
            "audit the working plan, and check the release by check_release"
        )
    judged_by = rules or plan.rules
    cleaned, faults = clean_plan(plan)
    return Evidence(hold_texts_plainly(cleaned), judged_by, plan, faults)


def _judge(evidence: Evidence, rules: Sequence[Rule]) -> Audit:
    """Hold the evidence against some rules, and measure the figures beside their findings."""
    # Whatever texts the rules make are held as those of the evidence are.
    with _refuse_torn_tables(), pd.option_context("mode.string_storage", "python"):
        findings = order_findings(join_findings(apply_rule(rule, evidence) for rule in rules))
        subgrids = measure_subgrids(evidence, findings)
        communities = measure_communities(evidence, findings, subgrids)
        summary = summarise(evidence, findings, communities, subgrids)
        return Audit(findings, communities, summary, subgrids)


@contextmanager
def _refuse_torn_tables() -> Iterator[None]:
    """Turn what is raised by tables that no rule was written for into one line.

    A plan that was spoilt by hand may lack whatever a rule starts from.
    """
    try:
        yield
    except (GridplanError, MemoryError):
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        why = " ".join(str(error).split())
        raise PlanError(
            f"the plan's tables do not hold together, so that it cannot be audited "
            f"({type(error).__name__}: {why}) -> put a copy back, or draw the plan again"
        ) from error


def apply_rule(rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """Apply one rule; a plan that it cannot be applied to breaks it."""
    try:
        return rule(evidence)
    except MemoryError:
        raise
    except Exception as error:  # a plan may be wrong in ways that nobody thought of
        name = rule.__name__.removeprefix("check_").replace("_", " ")
        return write_findings(
            "values",
            "error",
            "manifest",
            [name],
            "",
            what=f"the rule on {name} could not be judged ({type(error).__name__}: {error})",
            remedy="correct what else is found, and audit again",
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
    findings = _order_joined(join_findings([*more, *(part.findings for part in parts)]))
    communities = pd.concat([part.communities for part in parts]).sort_index()
    subgrids = pd.concat([part.subgrids for part in parts]).sort_index()
    first = parts[0].summary
    # All whole numbers of a summary are counts; bool is no count, though an int to Python.
    added = {k: sum(part.summary[k] for part in parts) for k, v in first.items() if type(v) is int}
    area = sum(part.summary["home_area"] for part in parts)
    # A share adds up only with the area that it is a share of.
    outside = sum(p.summary["home_area"] * p.summary["home_area_outside"] for p in parts)
    summary = {
        **first,
        **added,
        "classes": measure_classes(subgrids),
        "area_error": max(part.summary["area_error"] for part in parts),
        "home_area": area,
        "home_area_outside": outside / area if area else 0.0,
        # The ledger is of the whole plan: its counts do not add up over parts.
        "dropped": first["dropped"] if dropped is None else dict(dropped),
        "findings": {word: int((findings["severity"] == word).sum()) for word in SEVERITIES},
    }
    return Audit(findings, communities, summary, subgrids)


def _order_joined(findings: pd.DataFrame) -> pd.DataFrame:
    """Put the findings of several parts into the order that one audit of all would give them."""
    # Tables that every part reads whole are judged by each of them.
    findings = findings.drop_duplicates()
    order = {rule: n for n, rule in enumerate(dict.fromkeys(findings["rule"]))}
    by_rule = findings.assign(order=findings["rule"].map(order)).sort_values(
        ["order", "community", "subgrid"], kind="stable"
    )
    return order_findings(by_rule.drop(columns="order"))


def _list_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [
        {str(k): v.item() if isinstance(v, np.generic) else v for k, v in row.items()}
        for row in rows
    ]
