"""The founding document: what gridplan states of each of its 46 rows, recomputed apart.

A made-up town goes through every verb once. What a verb states of a row is
then reckoned again from what the town was given, or from the plan's own doors,
posts and links, by pandas alone. Rows 1 to 23 are in ``founding_grids``, the
others in ``founding_services``.
"""

import importlib.util
import tempfile
import time
from pathlib import Path

import numpy as np

import gridplan as gp
from gridplan.people.inventory.take_inventory import take_inventory
from gridplan.people.levels.level_table import roll_levels

COMMUNITIES = 8
SEED = 3
PARTS = ("founding_grids", "founding_services")


def make_site():
    """Make a town with stars and lists of property firms, which made-up towns do not have."""
    site = gp.read_site(gp.synthetic.make_town(COMMUNITIES, seed=SEED))
    compounds = site.compounds.sort_index().copy()
    number = np.arange(len(compounds))
    compounds["property_stars"] = 1.0 + number % 5
    compounds["red_list"] = (number % 7 == 0).tolist()
    compounds["black_list"] = (number % 11 == 1).tolist()
    types = site.compounds.dtypes[["property_stars", "red_list", "black_list"]].to_dict()
    return site.replace(compounds=compounds.astype(types))


def make_plan():
    """Draw the town with both layers, and add all that the verbs on people and posts find."""
    rules = gp.Rules().replace(grids={"drawn": True}, division={"effort": "quick"})
    steps = {
        "divide": lambda site: gp.divide(site, rules, seed=1),
        "organise": gp.organise,
        "staff": gp.staff,
        "pair": gp.pair,
        "reach": gp.reach,
        "rate": gp.rate,
        "inventory": take_inventory,
        "levels": roll_levels,
    }
    made = make_site()
    for name, work in steps.items():
        began = time.perf_counter()
        made = work(made)
        print(f"{name:12}{time.perf_counter() - began:6.1f} s", flush=True)
    # what is stated is what somebody reads in the file
    with tempfile.TemporaryDirectory() as folder:
        gp.write_plan(made, Path(folder) / "plan")
        return gp.read_plan(Path(folder) / "plan")


def list_parts(plan):
    """List the rows of both modules, those that are here."""
    rows = []
    for name in PARTS:
        if importlib.util.find_spec(f"benchmarks.{name}") is None:
            print(f"left out: benchmarks/{name}.py is not here")
            continue
        rows += importlib.import_module(f"benchmarks.{name}").list_rows(plan)
    return sorted(rows, key=lambda row: row.number)


def is_same(stated, again):
    """Whether two values, or two lists of them, are the same but for a rounding.

    What is unknown is the same as nothing, not even as itself.
    """
    if isinstance(stated, str) or isinstance(again, str):
        return stated == again
    first, second = np.atleast_1d(stated).astype(float), np.atleast_1d(again).astype(float)
    return first.shape == second.shape and bool(np.allclose(first, second, rtol=1e-6, atol=1e-6))


def write_value(value):
    """Write a value, or the first of several and how many there are."""
    if isinstance(value, str):
        return value
    values = np.atleast_1d(value).astype(float)
    text = f"{values[0]:,.6g}" if len(values) else "none"
    return text if len(values) <= 1 else f"{text} ... ({len(values)})"


def run():
    """Try every row, and print what is stated beside what comes out again."""
    rows = list_parts(make_plan())
    heads = ("row", "command", "table", "what", "stated", "recomputed", "")
    layout = "{:>4}  {:42} {:17} {:59} {:>16} {:>16}  {}"
    print(layout.format(*heads))
    held = {}
    for row in rows:
        same = is_same(row.stated, row.again)
        held[row.number] = held.get(row.number, True) and same
        texts = (row.command, row.table, row.what)
        values = (write_value(row.stated), write_value(row.again))
        print(layout.format(row.number, *texts, *values, "equal" if same else "NOT EQUAL"))
    print(f"{len(rows)} values of {len(held)} rows")
    print(f"rows: {len(held)} tried, {sum(held.values())} held")
    return all(held.values())
