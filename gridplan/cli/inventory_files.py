"""What the verb inventory reads, prints and writes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gridplan.plan import Plan
    from gridplan.tables.requirements import Requirement
    from gridplan.tables.schema import Language


def take(plan: Plan, holdings: Path | None, requirements: Path | None) -> Plan:
    """Take the inventory of a plan by the files of a town."""
    from gridplan.people.inventory.holdings import read_holdings
    from gridplan.people.inventory.take_inventory import (
        list_bodies,
        recall_requirements,
        take_inventory,
    )
    from gridplan.reading.encoding import decode_text

    added = _read_added(requirements)
    held = None
    if holdings is not None:
        text = decode_text(holdings.read_bytes(), str(holdings))
        known = recall_requirements(plan, added)
        held = read_holdings(text, str(holdings), known, list_bodies(plan))
    return take_inventory(plan, held, added)


def _read_added(file: Path | None) -> list[Requirement]:
    """Read the requirements that a town adds."""
    from gridplan.reading.encoding import decode_text
    from gridplan.tables.requirements import read_requirements

    if file is None:
        return []
    return read_requirements(decode_text(file.read_bytes(), str(file)), str(file))


def write_template(path: Path, requirements: Path | None, target: Path) -> None:
    """Write a CSV of every body and requirement, with the counts that the plan was given."""
    import pandas as pd

    from gridplan import storage
    from gridplan.cli.csv_output import write_csv
    from gridplan.people.inventory.take_inventory import list_bodies, recall_requirements

    plan = storage.read_plan(path)
    bodies = list_bodies(plan)
    held = plan.holdings.set_index(["body", "requirement"])["count"].to_dict()
    rows = []
    for one in recall_requirements(plan, _read_added(requirements)).values():
        asked = bodies[bodies["level"] == one.level]
        if one.kind and one.level == "community":
            asked = asked[asked["kind"] == one.kind]
        rows += [(body, one.key, held.get((body, one.key))) for body in asked["body"]]
    table = pd.DataFrame(rows, columns=["body", "requirement", "count"]).set_index("body")
    write_csv(table, target)


def print_matrix(plan: Plan, lang: Language) -> None:
    """Print the city's row of each requirement of which anything is known."""
    from gridplan.cli import console
    from gridplan.people.inventory.take_inventory import recall_requirements
    from gridplan.tables.words import say

    requirements = recall_requirements(plan)
    city = plan.inventory[plan.inventory["level"] == "city"]
    known = city[city["unknown"] < city["bodies"]]
    rows = [
        (
            requirements[row["requirement"]].name(lang),
            say(f"inventory.level_{requirements[row['requirement']].level}", lang),
            *(_write(row[name]) for name in ("need", "present", "missing")),
            row["met"],
            row["bodies"] - row["met"] - row["unknown"] if row["state"] != "counted" else "",
            row["unknown"],
            _write(row["per_1000"]),
        )
        for row in known.to_dict("records")
    ]
    columns = say("inventory.columns", lang).split("|")
    title = say("inventory.title", lang)
    console.print_table(f"\n{title}\n", columns, rows, right=(2, 3, 4, 5, 6, 7, 8))


def _write(value: float) -> str:
    """Write a number; nothing where it is unknown."""
    return "" if value != value else f"{value:,.0f}" if value == round(value) else f"{value:.3g}"
