"""Whether a plan may be handed out: its seal, and the disclosure check run again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from gridplan.errors import PlanError
from gridplan.plan import ALL_TABLES, Plan
from gridplan.publishing.release_check import check_release
from gridplan.rules.disclosure import DisclosureRules

# Land without a count. A map of a city is drawn without most of it, and must
# still know the release for what it is; the check looks at these tables too.
UNSEALED = ("buildings", "streets", "compounds", "barriers", "openings")
RULES = ("smallest", "zeros_safe", "interval", "household_width")


def is_released(plan: Plan) -> bool:
    """Whether a plan bears the stamp of a check that it passed, and was not changed since.

    Anybody can write a stamp: what is handed out goes through
    :func:`require_release`, which runs the check again.
    """
    note = plan.manifest.get("release")
    return (
        isinstance(note, Mapping)
        and bool(note.get("passed"))
        and _read_seal(note) == seal_tables(plan, note)
    )


def _read_seal(note: Mapping[str, Any]) -> Any:
    """Read the seal of the tables: of a part that was cut from a release, its own."""
    cut = note.get("cut")
    return cut.get("seal") if isinstance(cut, Mapping) else note.get("seal")


def seal_cut(plan: Plan, level: str, body: str) -> Plan:
    """Seal a part of a release, cut out for one body; the stamp of the whole stays on it.

    It was for the whole that suppression was chosen and attacked; a part holds
    fewer of the same rows. ``plan`` still bears the note of the whole.
    """
    note = dict(plan.manifest["release"])
    cut = {"level": level, "body": body, "seal": seal_tables(plan, note)}
    return plan.replace(manifest={**plan.manifest, "release": {**note, "cut": cut}})


def seal_tables(plan: Plan, note: Mapping[str, Any]) -> str:
    """Sum up a release's tables and its stamp as one number, so that a later change shows."""
    digest = hashlib.sha256()
    stamp = {key: value for key, value in note.items() if key not in ("seal", "cut")}
    digest.update(json.dumps(stamp, sort_keys=True, default=str).encode())
    for name in ALL_TABLES:
        if name in UNSEALED:
            continue
        table = plan.get_table(name)
        digest.update(f"{name} {len(table)}\n".encode())
        if len(table):
            # Outlines hold no count. Six digits, so that saving and loading keeps the seal.
            rows = pd.DataFrame(table.drop(columns="geometry", errors="ignore")).sort_index()
            digest.update(rows.to_csv(float_format="%.6g", lineterminator="\n").encode())
    # 64 bits: the seal guards against mistakes; forgers are met by the check.
    return digest.hexdigest()[:16]


def read_stamped_rules(plan: Plan) -> DisclosureRules:
    """Read the rules of disclosure that a release is stamped with.

    Raises
    ------
    PlanError
        If the stamp does not say by which rules the release was checked.
    """
    note = plan.manifest["release"]
    missing = [name for name in RULES if not isinstance(note, Mapping) or name not in note]
    if missing:
        raise PlanError(
            f"the release's stamp does not say {', '.join(missing)}"
            " -> release the working plan again: gridplan release PLAN -o FOLDER"
        )
    return DisclosureRules(**{name: note[name] for name in RULES})


def _has_names(plan: Plan) -> bool:
    """Whether a release is stamped as one with names, which somebody asked for."""
    return bool(plan.manifest["release"].get("names", False))


def require_release(plan: Plan) -> None:
    """Refuse a plan that is no release, was changed since, or does not pass the check, run again.

    Raises
    ------
    PlanError
        With what the check found.
    """
    if not plan.is_release:
        raise PlanError(
            "this is a working plan, which may not leave"
            " -> make a release of it first: gridplan release PLAN -o FOLDER"
        )
    if not is_released(plan):
        raise PlanError(
            "the released plan was changed after its disclosure check"
            " -> release the working plan again"
        )
    # A stamp is no proof: whoever changes a count can write the seal that fits.
    verdict = check_release(plan, rules=read_stamped_rules(plan), names=_has_names(plan))
    if not verdict.passed:
        raise PlanError(
            f"the released plan does not pass its disclosure check:\n{verdict}\n"
            " -> release the working plan again: gridplan release PLAN -o FOLDER"
        )
