"""Rules on exceptions: what each is about, and who approved it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Objects
from gridplan.auditing.cures import find_cure
from gridplan.auditing.evidence import Evidence, find_rows, sort_rows
from gridplan.auditing.findings import Reporter, join_findings
from gridplan.auditing.layers import BandLayer
from gridplan.auditing.proofs import find_proven
from gridplan.plan import Plan
from gridplan.tables.roles import read_roles

BAND_RULES = frozenset({"band", "households"})  # words by which an exception speaks of the band
FOLLOW = "see the remedy in exceptions"


def report_excuses(
    e: Evidence, layer: BandLayer, reporter: Reporter, excuses: Any, what: Objects
) -> pd.DataFrame:
    """Report the parts of a layer that are out of their band, and what their exceptions are worth.

    Parameters
    ----------
    e, layer
        The evidence, and the layer of sub-grids or of upper grids.
    reporter
        For the rows of the parts that are out of their band, in their order.
    excuses
        The rows of exceptions that speak of this layer's band.
    what
        What is wrong with each part, in words.
    """
    out = np.flatnonzero(layer.out)
    listed = find_excused(reporter.rows, excuses)
    approved = listed & find_approved(e, reporter.rows, excuses, layer.held[out])
    proven = listed & find_proven(layer)[out]
    approved &= ~proven
    # A list by hand need not say what is proven.
    said = find_excused(reporter.rows, excuses[excuses["proven"].to_numpy(bool)])
    unsaid = proven & ~said & bool(e.plan.manifest.get("figures"))
    bare = listed & ~proven & ~approved
    cures = np.full(len(out), "", object)
    # Who approved a part knows it as it is, cure or not; only others are put to the test.
    cures[bare] = [find_cure(layer, int(part)) for part in out[bare]]
    curable = cures != ""
    open_ = bare & ~curable
    do = np.array(
        [
            _say_how_to_cure(code, cure)
            for code, cure in zip(reporter.rows.index, cures, strict=True)
        ],
        object,
    )
    approve = np.array([say_how_to_approve(code) for code in reporter.rows.index], object)
    return join_findings(
        [
            reporter.error(
                ~listed,
                what[~listed] + ", no exception says why",
                "divide again, or " + approve[~listed],
            ),
            reporter.error(
                curable,
                what[curable]
                + ": explained but not approved, and it could be cured: "
                + cures[curable],
                do[curable] + ", or " + approve[curable],
            ),
            reporter.error(
                open_,
                what[open_] + ": explained, but neither proven nor approved",
                "follow the remedy in exceptions, or " + approve[open_],
            ),
            reporter.warning(approved, what[approved] + ", approved in exceptions", FOLLOW),
            reporter.warning(
                unsaid,
                what[unsaid] + ": proven, though exceptions do not say so",
                "draw the plan again",
            ),
            reporter.note(proven, what[proven] + ": proven, the audit finds the same", FOLLOW),
        ]
    )


def _say_how_to_cure(code: str, cure: str) -> str:
    """Say by which command a cure is carried out, where one edit does it."""
    number = cure.removeprefix("cut it in ")
    return f'gridplan edit PLAN "split {code} into {number}"' if number.isdecimal() else "do so"


def say_how_to_approve(code: str) -> str:
    """Say how a post approves that one sub-grid or upper grid is as it is."""
    return (
        f'have it approved: gridplan edit PLAN "approve {code} by POST on DAY" --overwrite, '
        "POST being a role (grid_leader) or the code of a post, Party organisation, community or "
        "subdistrict, never a person, and DAY as 2026-11-24"
    )


def find_approved(e: Evidence, rows: Any, excuses: Any, held: Any) -> Bools:
    """Find the parts of which an exception is approved as they are, by somebody the plan knows.

    The row names the part itself, and the households that it had: an approval
    does not hold for what it became later.
    """
    valid = excuses[_check_approvals(e, excuses)]
    homes = pd.Series(np.asarray(held, float), rows.index).reindex(valid["subgrid"]).to_numpy()
    return np.asarray(rows.index.isin(valid["subgrid"][homes == valid["approved_households"]]))


def list_approvers(plan: Plan) -> frozenset[str]:
    """List who may approve an exception: roles, and the posts and offices that a plan knows."""
    roles = {word for role in read_roles() for word in (role.role, role.zh, role.en)}
    orgs = plan.party_orgs
    communities = plan.site.communities
    offices = {*communities["subdistrict"], *communities.index, *communities["name"]}
    known = {*roles, *offices, *plan.posts.index, *orgs.index, *orgs["name"]}
    return frozenset(str(word) for word in known) - {""}


def _check_approvals(e: Evidence, rows: Any) -> Bools:
    """Whether rows of exceptions name a post that approves them, and the day."""
    known = list_approvers(e.plan)
    by_post = rows["approved_by"].isin(known).to_numpy()
    day = pd.to_datetime(rows["approved_on"], format="%Y-%m-%d", errors="coerce").notna()
    return np.asarray(by_post & day.to_numpy() & (rows["approved_households"] > 0).to_numpy())


def find_excused(rows: Any, excuses: Any) -> Bools:
    """Find the sub-grids that an exception names, itself or with its whole community."""
    of_community = excuses["community"][excuses["subgrid"] == ""]
    return np.asarray(rows.index.isin(excuses["subgrid"]) | rows["community"].isin(of_community))


def check_exceptions(evidence: Evidence) -> pd.DataFrame:
    """Check that every exception is about something out of rule, and gives a reason and a remedy.

    Source: gridplan's promise that nothing is out of rule without being
    explained.
    """
    e = evidence
    rows = sort_rows(e.plan.exceptions)
    names_subgrid = (rows["subgrid"] != "").to_numpy()
    community = rows["community"].to_numpy(object)
    # Exceptions may name grids of the upper layer in the same column.
    above = pd.concat([e.subgrids["community"], e.plan.grids["community"]])
    above = above[~above.index.duplicated()].reindex(rows["subgrid"]).to_numpy(object)
    lost = find_rows(e.communities, community) < 0
    lost |= names_subgrid & (above != community)
    # The appended False is what row -1 reads: a code that is no sub-grid's is not in band.
    in_band = np.append(e.in_band, False)[find_rows(e.subgrids, rows["subgrid"])]
    stale = ~lost & names_subgrid & rows["rule"].isin(BAND_RULES).to_numpy() & in_band
    silent = (rows["explanation"] == "") | (rows["remedy"] == "")
    claims = (rows["approved_by"] != "") | (rows["approved_on"] != "")
    claims |= rows["approved_households"] > 0
    unsound = claims.to_numpy() & ~_check_approvals(e, rows)
    reporter = Reporter("exceptions", "exceptions", rows, noun="exception")
    return join_findings(
        [
            reporter.error(
                lost,
                "for a community or sub-grid that does not exist",
                "leave it out, or correct its codes",
            ),
            reporter.warning(stale, "for a sub-grid that is within the band", "leave it out"),
            reporter.error(
                unsound,
                "approved by no post or office of the plan, on no day or for no households",
                'approve it: gridplan edit PLAN "approve SUBGRID by POST on DAY" --overwrite',
            ),
            reporter.warning(
                silent, "without explanation or remedy", "say why it is so and what would cure it"
            ),
        ]
    )
