"""What the command line shows: progress, the time of each stage, and tables of results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.table import Table

from gridplan.cli.language import Translated, escape, in_language, is_chinese, write_cell
from gridplan.cli.likely_lines import (
    say_in_band,
    say_in_band_change,
    say_likely,
    say_range,
)
from gridplan.cli.progress import StageClock, end_on_interrupt, show_progress
from gridplan.cli.screen import SCREEN, err, note_figures, note_written, out

# Verbs find all that they show by here.
__all__ = [
    "StageClock",
    "end_on_interrupt",
    "err",
    "escape",
    "out",
    "say_in_band",
    "say_in_band_change",
    "say_likely",
    "say_range",
    "show_progress",
]

_OTHERS = {
    "exclusive": "exclusive grids",
    "special_grids": "special grids",
    "grids": "grids of the upper layer",
}


def print_line(word: str, text: object) -> None:
    """Print a line that begins with its word, such as "written"; texts line up below each other."""
    if word == "written":
        note_written(text)
    # Paths and commands are not broken, so that they can be copied.
    if is_chinese():
        from gridplan.tables.translations import pad

        line = f"{pad(in_language(word), 10)} {in_language(str(text))}"
        out.print(Translated(line), soft_wrap=True)
        return
    out.print(f"{word:<10} {text}", soft_wrap=True)


def print_times(seconds: Mapping[str, float], what: str = "time") -> None:
    """Print the seconds of each stage on one line."""
    # What rounds to 0.0 s would be noise.
    parts = ", ".join(f"{stage} {value:.1f}" for stage, value in seconds.items() if value >= 0.05)
    print_line(what, f"{sum(seconds.values()):.1f} s ({parts})")


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], right: Sequence[int] = ()
) -> None:
    """Print a table; the columns numbered in ``right`` are aligned to the right."""
    # Without frames a table can be copied; columns fold rather than lose their end.
    table = Table(box=None, pad_edge=False, header_style="dim")
    for n, column in enumerate(columns):
        head = Translated(in_language(column, head=True))
        table.add_column(head, justify="right" if n in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(write_cell(str(c), columns[n : n + 1]) for n, c in enumerate(row)))
    # A title of the table itself would be broken to the width of the table.
    out.print(title, style="bold", soft_wrap=True)
    out.print(table)


def print_bench(title: str, table: Any) -> None:
    """Print the answers to published instances, and the mean gap to the best known."""
    note_figures("instances", table)
    rows = [
        (
            r.Index,
            f"{r.points:,}",
            f"{r.parts:,}",
            f"{r.objective:,.2f}",
            f"{r.gap:.3%}" if r.gap == r.gap else "",  # NaN: no best known
            f"{r.seconds:.1f}",
            "yes" if r.feasible else f"NO: {r.faults}",
        )
        for r in table.itertuples()
    ]
    print_table(
        title,
        ("instance", "points", "parts", "objective", "gap", "seconds", "feasible"),
        rows,
        right=(1, 2, 3, 4, 5),
    )
    # Answers that break the limits may be cheaper than any that keep them: they are left out
    # of the mean, as are instances without a best known objective.
    gaps = table.loc[table["feasible"], "gap"].dropna()
    mean = f"mean gap {gaps.mean():.3%} of {len(gaps)}, " if len(gaps) else ""
    out.print(f"{mean}{int(table['feasible'].sum())} of {len(table)} feasible")


def say_count(count: Any) -> str:
    """Write a whole number; nothing where it is not known."""
    import pandas as pd

    # pd.isna knows NaN, None and pandas' own NA, which may all stand in a table.
    return "" if pd.isna(count) else f"{int(count):,}"


def say_share(share: Any) -> str:
    """Write a share in per cent; nothing where it is not known."""
    import pandas as pd

    return "" if pd.isna(share) else f"{float(share):.1%}"


def print_ledger(ledger: Any) -> None:
    """Print what was done to the data: summed up, or with --ledger entry by entry."""
    if not len(ledger):
        return
    note_figures("ledger", ledger)
    title = "\nWhat was done to the data"
    if SCREEN.whole_ledger:
        rows = [(f"{e.count:,}", e.table, e.action, e.reason) for e in ledger.itertuples()]
        print_table(title, ("rows", "table", "action", "why"), rows, right=(0,))
        return
    summed = ledger.groupby(["table", "action"], sort=False)["count"].sum()
    sums = [
        (table, ", ".join(f"{action} {count:,}" for (_, action), count in part.items()))
        for table, part in summed.groupby(level="table", sort=False)
    ]
    print_table(title, ("table", "rows"), sums)
    print_line("reasons", f"--ledger shows all {len(ledger):,} entries; a plan keeps them")


def print_remarks(ledger: Any) -> None:
    """Print what the user must know of what was read: layers left out, totals that are not met."""
    totals = ledger["table"].isin(["zones", "communities"]) & (ledger["step"] == "households")
    totals = (totals | (ledger["table"] == "zones")) & (ledger["action"] == "noted")
    for entry in ledger[(ledger["step"] == "files") | totals].itertuples():
        # who reads it must know how much it is about, and, where it is short, which rows
        count = f"{entry.count:,} {entry.action}: " if entry.table == "buildings" else ""
        err.print(f"note: {entry.table}: {count}{entry.reason}", soft_wrap=True, markup=False)


def print_columns(seen: Sequence[Any]) -> None:
    """Print what each column of the files was taken for, and what to type where that is wrong."""
    from gridplan.reading.column_uses import list_wanted, suggest_columns

    note_figures(
        "columns",
        [
            {
                "file": use.file,
                "table": use.table,
                "column": use.column,
                "taken_for": use.taken_for,
                "filled": use.filled,
                "examples": use.examples,
            }
            for use in seen
        ],
    )
    if not seen:
        return
    rows = [
        (use.file, use.table, use.column, _name_use(use), f"{use.filled:.0%}", use.examples)
        for use in seen
    ]
    headers = ("file", "table", "column", "taken for", "filled", "examples")
    print_table("What the columns were taken for", headers, rows, right=(4,))
    wanted = list_wanted(seen)
    if wanted:
        print_line("not there", f"{', '.join(wanted)} of buildings, which are estimated")
    hints = suggest_columns(seen) or ["--column floors=YOUR_COLUMN"]
    print_line("if wrong", f"say which is which, e.g. {hints[0]}")
    out.print()


def _name_use(use: Any) -> str:
    """Name what a column was taken for: its code, or in Chinese what the schema calls it."""
    from gridplan.tables.schema import read_schema

    columns = read_schema().get(use.table, ()) if is_chinese() else ()
    named = (c.zh for c in columns if c.name == use.taken_for)
    return Translated(next(named, in_language(use.taken_for)))


def print_site(site: Any) -> None:
    """Print what a site holds, by community."""
    homes = site.buildings[site.buildings["households"] > 0]
    # A community without homes is in no group, hence the zeros below.
    by = homes.groupby("community")["households"].agg(["count", "sum"])
    rows = [
        (
            c.Index,
            c.name,
            c.kind,
            c.origin,
            f"{by['count'].get(c.Index, 0):,}",
            f"{by['sum'].get(c.Index, 0):,}",
        )
        for c in site.communities.itertuples()
    ]
    households = int(homes["households"].sum())
    note_figures(
        "figures",
        {"buildings": len(site.buildings), "homes": len(homes), "households": households},
    )
    note_figures(
        "communities",
        site.communities[["name", "kind", "origin"]].assign(
            homes=by["count"].reindex(site.communities.index).fillna(0).astype(int),
            households=by["sum"].reindex(site.communities.index).fillna(0).astype(int),
        ),
    )
    print_table(
        f"{len(site.buildings):,} buildings, {len(homes):,} homes, {households:,} households",
        ("community", "name", "class", "origin", "homes", "households"),
        rows,
        right=(4, 5),
    )


def print_plan(plan: Any) -> None:
    """Print what a plan rests on, its figures, and what is out of rule and why."""
    print_guesses(plan.site)
    print_figures(plan.manifest)
    drawn = (plan.site.communities["origin"] == "settlement").all()
    print_too_small(plan.subgrids, "settlements" if drawn else "communities")
    note_figures("exceptions", plan.exceptions)
    shown = plan.exceptions.head(10)  # the table has them all
    if len(shown):
        rows = (
            (e.subgrid, "yes" if e.proven else "no", e.explanation, e.remedy)
            for e in shown.itertuples()
        )
        more = f", the first {len(shown)}" if len(plan.exceptions) > len(shown) else ""
        columns = ("sub-grid", "proven", "why", "remedy")
        print_table(f"\n{len(plan.exceptions)} out of band{more}", columns, rows)
        out.print()


def print_guesses(site: Any) -> None:
    """Print what no data says and was guessed: households, homes of unknown height, and limits."""
    homes = site.buildings[site.buildings["households"] > 0]
    estimated = homes[homes["households_origin"] == "estimated"]
    bare = int((estimated["floors"].isna() & estimated["height"].isna()).sum())
    drawn = int((site.communities["origin"] == "settlement").sum())
    classes = site.ledger["reason"].str.startswith("class not given: ")
    kinds = site.ledger["reason"][classes & (site.ledger["table"] == "communities")]
    # Neither tags nor a column of uses say what these are: their size and shape do.
    plain = int(estimated["use"].str.lower().isin(["", "yes", "building"]).sum())
    shaped = site.ledger["reason"].str.contains("counted as blocks of flats for the class")
    slabs = int(site.ledger["count"][shaped].sum())
    parts = []
    if plain:
        flats = f", {slabs:,} of them blocks of flats by their shape" if slabs else ""
        parts.append(f"that {plain:,} buildings of unknown use are homes{flats}")
    if len(estimated):
        text = f"the households of {len(estimated):,} of {len(homes):,} homes"
        parts.append(text + (f", {bare:,} of them without floors or height" if bare else ""))
    if drawn:
        parts.append(f"the limits of {drawn:,} of {len(site.communities):,} communities")
    if len(kinds):
        parts.append(f"the class ({kinds.iloc[-1].partition(': ')[2]})")
    note_figures(
        "guessed",
        {
            "households_of_homes": len(estimated),
            "without_floors": bare,
            "use_of_homes": plain,
            "blocks_by_shape": slabs,
            "limits": drawn,
            "class": kinds.iloc[-1] if len(kinds) else None,
        },
    )
    if parts:
        out.print()
        print_line("guessed", "; ".join(parts))


def print_figures(manifest: Mapping[str, Any]) -> None:
    """Print the figures of a plan's manifest, and whether its search was cut short."""
    figures = manifest["figures"]
    note_figures("figures", figures)
    named = [f"{figures[name]:,} {noun}" for name, noun in _OTHERS.items() if figures.get(name)]
    share = figures["in_band"] / max(1, figures["subgrids"])  # a plan may be empty
    out.print()
    print_line(
        "plan",
        f"{figures['subgrids']:,} sub-grids for {figures['households']:,} households"
        f"{say_range(figures)} in "
        f"{figures['communities']:,} communities, mean {figures['mean_households']:.1f}",
    )
    if named:
        print_line("beside", ", ".join(named))
    walk = f"mean walk to the centre {figures['mean_walk']:.0f} m"
    print_line("in band", f"{figures['in_band']:,} ({share:.1%}{say_likely(figures)}); {walk}")
    # Such a plan depends on the machine, which whoever reads the result must know.
    if "cut_short" in manifest:
        count = manifest["cut_short"]["communities"]
        err.print(
            f"cut short  the search of {count:,} communities: {manifest['cut_short']['note']}",
            soft_wrap=True,
        )


def print_too_small(subgrids: Any, noun: str) -> None:
    """Print how many sub-grids are out of band because nobody could put them in it."""
    from gridplan.planning.too_small import count_too_small

    small = count_too_small(subgrids)
    note_figures("too_small", {"out_of_band": small.out, "too_small": small.few})
    if small.few:
        low = " or ".join(f"{low:,}" for low in small.low)
        print_line(
            "too small",
            f"{small.few:,} of {small.out:,} out of band are {noun} of fewer than {low} "
            "households, too few for a sub-grid of their own",
        )


def print_proof(table: Any) -> None:
    """Print price, lower bound and gap of communities, and the gap over all of them."""
    rows = [
        (
            r.Index,
            f"{r.subgrids:,}",
            f"{r.left_out:,}",
            f"{r.price:,.0f}",
            f"{r.bound:,.0f}",
            f"{r.gap:.2%}" if r.gap == r.gap else "",
        )
        for r in table.itertuples()
    ]
    note_figures("communities", table)
    columns = ("community", "sub-grids", "left out", "price", "bound", "gap")
    print_table(
        "Household-metres, and what no plan can do without", columns, rows, right=(1, 2, 3, 4, 5)
    )
    if table["bound"].sum() > 0:
        # The gap is a share of the bound; what another plan could save is one of the price.
        gap = table["price"].sum() / table["bound"].sum() - 1
        saving = gap / (1 + gap)
        out.print(
            "\nproven     no plan with as many sub-grids in band is cheaper by more than "
            f"{saving:.2%}"
        )


def print_frontier(title: str, table: Any) -> None:
    """Print the figures of a community at several prices."""
    note_figures("prices", table)
    names = {"off_target": "balance", "building": "building", "compound": "compound"}
    rows = []
    # A row for each price and each factor that it was multiplied by.
    for (wish, factor), r in table.iterrows():
        rows.append(
            (
                f"{names[wish]} ×{factor:g}",
                f"{r.price:,.0f}",
                f"{r.subgrids}",
                f"{r.out_of_band}",
                f"{r.cv:.1%}",
                f"{r.mean_walk:.1f}",
                f"{r.buildings_split}",
                f"{r.compounds_crossed}",
                f"{r.household_metres:,.0f}",
                "yes" if r.undominated else "",
            )
        )
    columns = (
        "price",
        "hh-m",
        "parts",
        "out",
        "CV",
        "walk m",
        "split",
        "crossed",
        "walk hh-m",
        "best",
    )
    print_table(title, columns, rows, right=tuple(range(1, 9)))
    out.print(
        "\nout: sub-grids out of band; split: buildings in several sub-grids; "
        "crossed: compounds beyond a sub-grid's first;"
    )
    out.print(
        "best: no other row is at least as good in every figure and better in one; "
        "hh-m: household-metres"
    )
