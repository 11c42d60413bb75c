"""What the verb rate prints: each field with its share in band A, and who is near the cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gridplan.plan import Plan
    from gridplan.tables.schema import Language

SHOWN = 5  # organisations of a field that are nearest to the band above


def print_fields(plan: Plan, lang: Language) -> None:
    """Print a line for each field of each level, and those nearest to the band above."""
    from gridplan.cli import console
    from gridplan.rules.all_rules import Rules
    from gridplan.tables.words import say

    kept = plan.manifest["people"]["rate"]["rules"]
    rules = Rules().replace(rating=kept).rating
    lines: list[tuple[Any, ...]] = []
    nearest: list[tuple[Any, ...]] = []
    for (level, field), rows in plan.ratings.groupby(["level", "field"], sort=False):
        name = _name_field(str(level), str(field), lang)
        in_a = rows[rows["band"] == "A"]
        able = rows["known_share"] >= rules.known_least - 1e-9
        near = (rows["to_next"] > 0) & (rows["to_next"] <= rules.near)
        lines.append(
            (
                name,
                len(rows),
                f"{100 * rules.find_share(str(field)):.0f} %",
                f"{100 * len(in_a) / len(rows):.0f} %",
                f"{in_a['score'].min():.2f}" if len(in_a) else "",
                int(near.sum()),
                int((~able).sum()),
            )
        )
        by_way = rows[rows["to_next"].notna()].sort_values(["to_next", "of"]).head(SHOWN)
        nearest += [_list_row(name, row, rules.near, lang) for row in by_way.to_dict("records")]
    fields = say("rating.field_columns", lang).split("|")
    console.print_table(
        f"\n{say('rating.fields', lang)}\n", fields, lines, right=(1, 2, 3, 4, 5, 6)
    )
    if len(plan.site.institutions) and not rules.institution_criteria:
        console.print_line("noted", "institutions have no criteria (rating.institution_criteria)")
    columns = say("rating.near_columns", lang).split("|")
    console.print_table(f"\n{say('rating.nearest', lang)}\n", columns, nearest, right=(2, 5))


def _name_field(level: str, field: str, lang: Language) -> str:
    """Name a field of a level: urban communities, branches of villages, and so on."""
    from gridplan.tables.words import say

    word = say(f"rating.{field}", lang)
    return say("rating.branches_of", lang, field=word) if level == "branch" else word


def _list_row(name: str, row: dict[Any, Any], near: float, lang: Language) -> tuple[Any, ...]:
    """List an organisation: its score, what it may be, and what is missing to the band above."""
    from gridplan.tables.words import say

    interval = f"{row['score']:.1f} - {row['score_high']:.1f}"
    if row["to_next"] > 0:
        word = "rating.is_near" if row["to_next"] <= near else "rating.is_far"
    else:
        word = "rating.not_known"
    return (
        name,
        row["of"],
        row["rank"],
        row["band"],
        interval if row["score_high"] > row["score"] else f"{row['score']:.1f}",
        f"{row['to_next']:.2f}",
        say(word, lang),
        row["lever"],
    )
