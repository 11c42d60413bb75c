"""The rule on the number of sub-grids: as many as were asked for, where a number was."""

from __future__ import annotations

import pandas as pd

from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import join_findings, write_findings


def check_requested(evidence: Evidence) -> pd.DataFrame:
    """Check that a plan as it was drawn has exactly the sub-grids that its rules ask for.

    Source: the rule division.subgrids. A plan that was changed afterwards has a
    history, and may have another number.
    """
    manifest = evidence.plan.manifest
    stated = (manifest.get("rules") or {}).get("division", {}).get("subgrids", 0)
    asked = stated if isinstance(stated, int) else 0
    count = int(evidence.residential.sum())
    if not asked or count == asked or manifest.get("history"):
        return join_findings([])
    return write_findings(
        "figures",
        "error",
        "subgrids",
        ["division.subgrids"],
        "",
        what=f"{count} sub-grids of homes where the rules ask for exactly {asked}",
        remedy="draw the plan again: gridplan plan --subgrids",
    )
