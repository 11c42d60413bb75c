"""Planted faults: one thing of a plan is made wrong at a time, and the audit must find it.

The scheme is that of ``schema.csv``: in every table that a plan with people, coverage and ratings
fills, each derived number is changed by a little, by a lot and to what cannot be, each code and
word is replaced, two columns are exchanged, a row is dropped and a row doubled, and each outline
is crossed by itself. A fault is found where an error or a warning appears that was not there
before; a crash is a fault of the audit itself. Free texts (names, reasons, remedies) state nothing
that could be derived, and are left out.
"""

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from shapely.geometry import Polygon

import gridplan as gp
from gridplan.auditing.audit_plan import apply_rule, open_evidence
from gridplan.auditing.audit_rules import RULES_ACROSS, RULES_WITHIN
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.values import check_values
from gridplan.tables.schema import find_columns, find_key

# What nothing derives: words for people, and what the data's owner gave.
TEXTS = ("explanation", "remedy", "reason", "advice", "caveat", "name", "ids", "effect", "note")
# The ledger and the log say what was done, of which no table keeps the state before.
LEFT_OUT = ("ledger", "locks", "edits", "triggers", "concordance", "published")
IMPOSSIBLE = {
    "nan": np.nan,
    "infinite": np.inf,
    "negative": -7.0,
    "huge": 8e20,
    "text": "twelve",
}


@dataclass(frozen=True)
class Fault:
    """One thing made wrong: where, what it is, and the table with it."""

    table: str
    column: str
    kind: str
    row: str
    changed: Any


def draw_plan():
    """Draw a small town's plan with two layers, people, coverage, ratings and proposed posts."""
    town = gp.synthetic.make_town(4, 0.5, 700, seed=3)
    rules = gp.Rules().replace(
        division={"effort": "quick"}, grids={"drawn": True}, special={"drawn": True}
    )
    plan = gp.divide(gp.read_site(town), rules, seed=1)
    for verb in (gp.organise, gp.staff, gp.pair, gp.rate, gp.reach):
        plan = verb(plan)
    return gp.propose_posts(plan, "canteen", add=2)


def list_faults(plan):
    """List every fault of the scheme, table by table."""
    for name in gp.plan.ALL_TABLES:
        table = plan.get_table(name)
        if name not in LEFT_OUT and len(table):
            yield from list_table_faults(name, table)


def list_table_faults(name, table):
    """List the faults of one table: in each of its columns, and in its rows."""
    columns = find_columns(name)
    for column in columns:
        if column.need == "derived" and column.name not in TEXTS:
            yield from list_column_faults(name, table, column)
    yield from list_row_faults(name, table)
    numbers = [c.name for c in columns if c.need == "derived" and c.dtype in ("int64", "float64")]
    for first, second in zip(numbers[::2], numbers[1::2], strict=False):
        swapped = table.assign(**{first: table[second], second: table[first]})
        if not table[first].equals(table[second]):
            yield Fault(name, f"{first}, {second}", "columns swapped", "", swapped)
            break


def list_column_faults(name, table, column):
    """List the faults of one derived column."""
    if column.is_geometry:
        yield from list_shape_faults(name, table)
        return
    values = table[column.name]
    if column.dtype in ("int64", "float64"):
        row = choose_row(values.notna())
        right = float(values.loc[row]) if np.isfinite(values.loc[row]) else 0.0
        step = 1.0 if column.dtype == "int64" else max(0.02, abs(right) * 0.05)
        wrong = {"small": right + step, "large": right * 3 + 100}
        # Each column gets one of the values that are impossible, in turn.
        kinds = list(IMPOSSIBLE)
        kind = kinds[len(column.name + name) % len(kinds)]
        wrong[kind] = IMPOSSIBLE[kind]
    elif column.dtype == "bool":
        row = choose_row(values.notna())
        wrong = {"other": not values.loc[row]}
    else:
        row = choose_row(values != "")
        others = [v for v in column.values or sorted(set(values)) if v not in ("", values.loc[row])]
        wrong = {"other": others[0]} if others else {}
        wrong |= {"blank": ""} if values.loc[row] != "" and len(name) % 2 else {"unknown": "x-9"}
    for kind, value in wrong.items():
        same = isinstance(value, float) and np.isnan(value) and pd.isna(values.loc[row])
        if not same:
            yield Fault(name, column.name, kind, row, put(table, row, column.name, value))


def list_shape_faults(name, table):
    """List the faults of a derived shape: crossed by itself, moved, empty and missing."""
    row = table.index[len(table) // 2]
    shape = table.geometry.loc[row]
    moved = shapely.transform(shape, lambda xy: xy + 40.0)
    wrong = {"moved": moved, "missing": None}
    if shape.geom_type.endswith("Polygon"):
        west, south, east, north = shape.bounds
        crossed = Polygon([(west, south), (east, north), (east, south), (west, north)])
        wrong |= {"crossed": crossed, "empty": Polygon()}
    for kind, value in wrong.items():
        land = table.geometry.copy()
        land.loc[row] = value
        yield Fault(name, "geometry", kind, row, table.set_geometry(land))


def list_row_faults(name, table):
    """List the faults of whole rows: one dropped, one doubled, one with a code of its own."""
    row = table.index[len(table) // 2]
    # A row fewer of what the owner gave is another input, which no table contradicts.
    if any(column.need == "derived" for column in find_columns(name)):
        yield Fault(name, "", "row dropped", row, table.drop(index=row))
    yield Fault(name, "", "row doubled", row, pd.concat([table, table.loc[[row]]]))
    copied = table.loc[[row]].rename(index={row: f"{row}x"})
    copied = copied.rename_axis(find_key(name))
    yield Fault(name, "", "row copied", row, pd.concat([table, copied]))


def choose_row(fits):
    """Choose the row in the middle of those that fit; of all where none does."""
    rows = fits.index[fits.to_numpy(bool)]
    rows = rows if len(rows) else fits.index
    return rows[len(rows) // 2]


def put(table, row, column, value):
    """Put a value into a table, as an editor would: of whatever type it is."""
    values = table[column].astype(object)
    values.loc[row] = value
    changed = table.assign(**{column: values})
    # A whole number that fits stays one: only what does not fit changes the type.
    if isinstance(value, float | bool | int) and np.isfinite(value) and abs(value) < 1e15:
        changed[column] = values.astype(table[column].dtype)
    elif isinstance(value, float):
        changed[column] = values.astype(float)
    elif table[column].dtype.kind not in "if":
        changed[column] = values.astype(table[column].dtype)
    return changed


class Watched:
    """A plan or site that notes which tables are read of it."""

    def __init__(self, value, seen):
        """Keep what is watched, and the set to note names in."""
        self._value = value
        self._seen = seen

    def __getattr__(self, name):
        """Note a table that is read, and watch a site that is."""
        value = getattr(self._value, name)
        if name == "site":
            return Watched(value, self._seen)
        if name in gp.plan.ALL_TABLES:
            self._seen.add(name)
        return value

    def get_table(self, name):
        """Note a table that is read by name."""
        self._seen.add(name)
        return self._value.get_table(name)


class Detective:
    """Look for what a fault changes in the findings, rule by rule.

    A rule that does not read the changed table finds what it found before, and is left out. The
    rule that found the last fault of a table is tried first on the next: most faults then take a
    small part of an audit. A fault that no rule finds was put to all that read its table.
    """

    def __init__(self, plan):
        """Keep what each rule says of the plan without faults, and which tables it reads."""
        self.plan = plan
        evidence = open_evidence(plan)
        self.known = {rule: self.judge(rule, evidence) for rule in (*RULES_WITHIN, *RULES_ACROSS)}
        self.reads = {rule: self.find_read(rule) for rule in self.known}

    def find_read(self, rule):
        """Find the tables that a rule reads: all, where it cannot be watched."""
        seen = set()
        plan = Watched(self.plan, seen)
        # Evidence of its own, since what is measured once is not read again.
        evidence = Evidence(plan, self.plan.rules, plan)
        findings = apply_rule(rule, evidence)
        judged = not findings["message"].str.contains("could not be judged").any()
        return seen if judged and rule is not check_values else set(gp.plan.ALL_TABLES)

    def judge(self, rule, evidence):
        """List the errors and warnings of one rule."""
        findings = apply_rule(rule, evidence)
        kept = findings[findings["severity"] != "note"]
        return set(kept[["rule", "community", "subgrid", "ids", "message"]].itertuples(index=False))

    def try_fault(self, fault):
        """Audit the plan with one fault: found, missed, or what the audit could not judge."""
        try:
            evidence = open_evidence(self.plan.replace(**{fault.table: fault.changed}))
            for rule in [rule for rule in self.known if fault.table in self.reads[rule]]:
                new = self.judge(rule, evidence) - self.known[rule]
                if any("could not be judged" in finding.message for finding in new):
                    return f"crash: {next(iter(new)).message}"
                if new:
                    self.known = {rule: self.known.pop(rule), **self.known}
                    return "found"
        except Exception as error:  # whatever it is, an audit may not end so
            return f"crash: {type(error).__name__}: {str(error)[:80]}"
        return "missed"


def run(only=None):
    """Plant all faults, one at a time, print found and missed by table; whether all were found."""
    plan = draw_plan()
    detective = Detective(plan)
    started = time.perf_counter()
    results = []
    for fault in list_faults(plan):
        if only and not any(word == fault.table for word in only):
            continue
        result = detective.try_fault(fault)
        results.append((fault, result))
        if result != "found":
            where = ".".join(filter(None, (fault.table, fault.column)))
            print(f"{result}: {where} ({fault.kind}, row {fault.row or 'all'})", flush=True)
    print_sums(results, time.perf_counter() - started)
    held = sum(result == "found" for _, result in results)
    print(f"\n{'promise':50}{'tried':>7}{'held':>7}")
    print(f"{'one thing made wrong in a plan is found':50}{len(results):7}{held:7}")
    return held == len(results)


def print_sums(results, seconds):
    """Print how many faults were found, missed, or crashed the audit, by table."""
    print(f"\n{'table':22}{'tried':>7}{'found':>7}{'missed':>8}{'crashes':>9}")
    tables = list(dict.fromkeys(fault.table for fault, _ in results))
    for table in [*tables, "all"]:
        counts = Counter(r.split(":")[0] for f, r in results if table in (f.table, "all"))
        sums = (counts.total(), counts["found"], counts["missed"], counts["crash"])
        print(f"{table:22}{sums[0]:7}{sums[1]:7}{sums[2]:8}{sums[3]:9}")
    print(f"{seconds:.0f} s")
