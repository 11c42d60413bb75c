"""Alternatives: several good plans, each the best at other prices of balance, wholes and change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Ints, Texts
from gridplan.comparison.diverse_choice import MINIMISED, choose_diverse
from gridplan.comparison.quality import measure_community, sum_up
from gridplan.comparison.renumbering import match_best
from gridplan.division.divide import divide_atoms
from gridplan.division.local_repair import divide_near
from gridplan.division.move_penalties import EarlierParts
from gridplan.division.problem import DivisionProblem
from gridplan.engine.parallel_map import Progress, keep_silent, map_tasks
from gridplan.errors import InputError
from gridplan.errors import Problem as Wrong
from gridplan.plan import Plan
from gridplan.planning.likely_shares import measure_likely
from gridplan.planning.measures import find_problems, measure_parts
from gridplan.planning.site_to_plan import divide
from gridplan.redrawing.revision.building_matching import match_stairwells
from gridplan.redrawing.revision.new_codes import find_used, number_next
from gridplan.redrawing.revision.plan_history import note_version
from gridplan.redrawing.revision.renewal import renew_plan
from gridplan.rules.all_rules import Rules
from gridplan.site import Site
from gridplan.tables.html import say_count, show_html

BALANCE = (0.0, 1.0, 4.0, 16.0)  # what the price of a household off the target is multiplied by
WHOLES = (0.25, 1.0, 8.0)  # what the prices of whole buildings and compounds are multiplied by
CHANGE = (0.0, 0.2, 1.0)  # what the price of a household that moves is multiplied by
COLUMNS = ["subgrids", "in_band", *MINIMISED, "moved_share", "price", "priced"]


@dataclass(frozen=True)
class Alternatives:
    """Several plans of some communities, none of which is beaten by another in every figure.

    ``table`` has a row for each, named A, B and so on: subgrids, in_band
    (share), likely_in_band (mean chance to be truly in band, where households are
    estimates), out_of_band (sub-grids), spread (coefficient of variation of
    households over their target), mean_walk (metres), buildings_split,
    compounds_crossed, moved and moved_share (households living in another
    sub-grid than before), price (household-metres and all wishes at the rules'
    own prices) and ``priced``, the prices at which it is the best. ``members``
    says for every stairwell of these communities its sub-grid in each.
    ``plan`` is the plan that the others are drawn from.
    """

    table: pd.DataFrame
    members: pd.DataFrame
    plan: Plan

    def __repr__(self) -> str:
        """Write on one line which there are."""
        communities = self.plan.stairwells.loc[self.members.index, "community"].nunique()
        of = say_count(communities, "community", "communities")
        return f"Alternatives({', '.join(self.table.index)}; of {of})"

    def _repr_html_(self) -> str:
        """Write the table for a notebook."""
        return show_html(repr(self), self.table)

    def make_plan(self, name: str) -> Plan:
        """Make one of the alternatives a plan of its own.

        Communities that were not looked at stay as they are.

        Raises
        ------
        InputError
            If there is none of this name.
        """
        if name not in self.members.columns:
            known = ", ".join(self.members.columns)
            remedy = f"choose one of {known}"
            wrong = Wrong("alternatives", "known", f"no alternative {name}", remedy, (name,))
            raise InputError([wrong])
        member = self.plan.stairwells["subgrid"].copy()
        member[self.members.index] = self.members[name].to_numpy()
        made = renew_plan(self.plan, member)
        return note_version(
            self.plan, made, "alternative", what=f"{name}: {self.table['priced'][name]}"
        )


def find_alternatives(
    land: Site | Plan,
    communities: Sequence[str] | None = None,
    rules: Rules | None = None,
    *,
    before: Plan | None = None,
    most: int = 6,
    effort: str = "default",
    seed: int = 0,
    workers: int | None = None,
    progress: Progress = keep_silent,
) -> Alternatives:
    """Find several good plans on the trade-off between balance, walking, wholes and change.

    The communities are divided at several prices, and for every combination of
    prices the cheapest division of each is taken. Of these plans those are
    kept that no other beats in every figure; of these the one that is the best
    at the rules' own prices, and then again and again the one that differs
    most from all chosen so far (Gonzalez, Theoretical Computer Science 38
    (1985), 293-306).

    Parameters
    ----------
    land
        A plan, or a site, which is divided first; change is then no figure.
    communities
        Codes; all communities if not given.
    rules
        Bands and prices; the plan's own if not given.
    before
        The plan that households move from; ``land`` itself if it is a plan and
        none is given.
    most
        How many alternatives at the most.
    effort, seed, workers, progress
        As :func:`gridplan.divide` takes them.

    Raises
    ------
    InputError
        If nobody lives in one of the communities.

    Examples
    --------
    Four houses and eight, where the band is 50 to 70 households; one has to
    move for that, and with two the walks are shorter:

    >>> from gridplan.synthetic import make_board_plan
    >>> found = find_alternatives(make_board_plan((1, 1, 2, 2, 2, 2) * 2), effort="quick")
    >>> found.table[["subgrids", "out_of_band", "moved"]].values.tolist()
    [[2, 2, 0], [2, 0, 10], [2, 0, 20]]
    """
    rules = rules or (land.rules if isinstance(land, Plan) else Rules())
    plan, home = _open_land(land, before, rules, seed, workers, progress)
    problems = find_problems(plan, communities, rules)
    homes = {code: _take_codes(home, problem) for code, problem in problems.items()}
    subgrid = plan.stairwells["subgrid"]
    tasks = [
        (problem, homes[code], _take_codes(subgrid, problem), rules.redraw.move, effort, seed)
        for code, problem in problems.items()
    ]
    divided = map_tasks(
        lambda task: _CommunityChoices(*task),
        tasks,
        workers=workers,
        stage="alternatives",
        progress=progress,
    )
    choices = dict(zip(problems, divided, strict=True))
    has_moves = bool((home != "").any())
    # Without earlier sub-grids nobody moves, and a price of moving would change nothing.
    profiles = list(product(BALANCE, WHOLES, CHANGE if has_moves else (0.0,)))
    figures, every_pick = _measure_profiles(choices, profiles, rules, has_moves)
    table, picks = choose_diverse(figures, every_pick, rules.redraw.move, most)
    # New sub-grids get codes that neither plan ever used, so that no code means two places.
    used = find_used(plan) | (find_used(before) if before is not None else frozenset())
    columns = {
        name: _code_members(problems, homes, choices, pick, used)
        for name, pick in zip(table.index, picks, strict=True)
    }
    members = pd.DataFrame(columns).sort_index().rename_axis("stairwell").astype("str")
    # of those chosen alone, as it asks all buildings of each
    likely = [measure_likely(plan, members[name], rules) for name in table.index]
    table.insert(list(table.columns).index("in_band") + 1, "likely_in_band", likely)
    return Alternatives(table, members, plan)


def _open_land(
    land: Site | Plan,
    before: Plan | None,
    rules: Rules,
    seed: int,
    workers: int | None,
    progress: Progress,
) -> tuple[Plan, pd.Series[Any]]:
    """Return the plan to start from, and the sub-grid that each stairwell moves from."""
    if isinstance(land, Plan):
        plan = land
        home = plan.stairwells["subgrid"]
    else:
        plan = divide(land, rules, seed=seed, workers=workers, progress=progress)
        home = pd.Series("", index=plan.stairwells.index)
    return plan, home if before is None else _find_homes(before, plan, rules)


def _take_codes(codes: pd.Series[Any], problem: DivisionProblem) -> Texts:
    """Take the codes of a problem's atoms, in their order; empty where there is none."""
    taken: Texts = codes.reindex(list(problem.ids)).fillna("").to_numpy(object).astype(str)
    return taken


def _find_homes(before: Plan, plan: Plan, rules: Rules) -> pd.Series[Any]:
    """Find the sub-grid of an earlier plan that each stairwell was in."""
    matched = match_stairwells(before, plan.stairwells, plan.site.buildings, rules.redraw)
    return matched.stairwells["home"]


class _CommunityChoices:
    """The divisions of one community to choose from, and what each costs at any prices."""

    def __init__(
        self, problem: DivisionProblem, home: Texts, now: Texts, move: float, effort: str, seed: int
    ) -> None:
        self.is_drawn = bool((now != "").all())  # the first division is then the plan as it is
        self.parts = _divide(problem, home, now, move, effort, seed)
        self.measured = [measure_community(problem, part) for part in self.parts]
        self.moved = np.array([_count_moved(problem, home, part) for part in self.parts], np.int64)
        # Price splits into three sums, so that any mix of prices is one product.
        bare = _price(replace(problem, off=0.0), 1.0, 0.0)
        rows = []
        for part in self.parts:
            base = measure_parts(bare, part)["price"].sum()
            with_off = measure_parts(replace(bare, off=problem.off), part)["price"].sum()
            with_wholes = measure_parts(replace(bare, prices=problem.prices), part)["price"].sum()
            rows.append((base, with_off - base, with_wholes - base))
        # Differences of sums have noise in their last digits, which must not choose a plan.
        self.prices = np.round(np.array(rows), 6)

    def choose(self, balance: float, wholes: float, move: float) -> int:
        """Choose the cheapest division at some prices.

        Of equals the one where fewer move, then the first.
        """
        # Rounded, so that equals are equal: the order of a sum would break ties otherwise.
        price = np.round(self.prices @ np.array([1.0, balance, wholes]) + move * self.moved, 3)
        return int(np.lexsort((np.arange(len(price)), self.moved, price))[0])


def _divide(
    problem: DivisionProblem, home: Texts, now: Texts, move: float, effort: str, seed: int
) -> list[Ints]:
    """Divide a community at several prices; no two divisions are alike.

    As it is, near the earlier sub-grids, and from nothing.
    """
    parts: list[Ints] = []
    # First, so that the plan as it is can be named later.
    if (now != "").all():
        parts.append(np.unique(now, return_inverse=True)[1].astype(np.int64))
    # A price of 0 for change is what a division from nothing is.
    change_prices = [move * factor for factor in CHANGE if factor]
    for balance, wholes in product(BALANCE, WHOLES):
        priced = _price(problem, balance, wholes)
        if (home != "").any():
            parts += divide_near(priced, _find_labels(home), change_prices, effort, seed)
        parts.append(divide_atoms(priced, effort, seed).part)
    # Divisions with the same parts under other numbers are one.
    alike: dict[bytes, Ints] = {}
    for part in parts:
        # Numbered by their first atom, equal divisions have equal bytes.
        first, label = np.unique(part, return_index=True, return_inverse=True)[1:]
        rank = np.argsort(np.argsort(first))
        alike.setdefault(rank[label].tobytes(), rank[label].astype(np.int64))
    return list(alike.values())


def _price(problem: DivisionProblem, balance: float, wholes: float) -> DivisionProblem:
    """Return the problem with the prices of balance, and of buildings and compounds, multiplied."""
    # The first two prices are those of buildings and compounds; others are left alone.
    factor = np.where(np.arange(len(problem.prices)) < 2, wholes, 1.0)
    return replace(problem, off=problem.off * balance, prices=problem.prices * factor)


def _find_labels(home: Texts) -> EarlierParts:
    """Give earlier sub-grids numbers; nothing is held."""
    known = home != ""
    codes, numbers = np.unique(home[known], return_inverse=True)
    label = np.full(len(home), -1, np.int64)
    label[known] = numbers
    return EarlierParts(label, len(codes), np.zeros(len(home), bool), np.zeros(len(codes), bool))


def _pair_up(problem: DivisionProblem, home: Texts, part: Ints) -> pd.DataFrame:
    """Pair parts with earlier sub-grids, and count their households in common.

    ``matched`` says whether a pair is matched one to one.
    """
    # Homes that are new have no earlier sub-grid, and cannot move.
    atoms = pd.DataFrame({"home": home, "part": part, "households": problem.weights})
    pairs = atoms[atoms["home"] != ""].groupby(["home", "part"])["households"].sum().reset_index()
    number = np.unique(pairs["home"].to_numpy(object), return_inverse=True)[1]
    matched = match_best(
        number, pairs["part"].to_numpy(np.int64), pairs["households"].to_numpy(np.int64)
    )
    return pairs.assign(matched=matched)


def _count_moved(problem: DivisionProblem, home: Texts, part: Ints) -> int:
    """Count the households that move, the parts named so that fewest do."""
    pairs = _pair_up(problem, home, part)
    return int(pairs.loc[~pairs["matched"], "households"].sum())


def _measure_profiles(
    choices: Mapping[str, _CommunityChoices],
    profiles: Sequence[tuple[float, float, float]],
    rules: Rules,
    has_moves: bool,
) -> tuple[pd.DataFrame, list[tuple[int, ...]]]:
    """Choose and measure a plan at each combination of prices; returns the number of each choice.

    Of those that are the same the first is kept, the rules' own before all.
    """
    own_prices = (1.0, 1.0, 1.0 if has_moves else 0.0)
    kept: dict[tuple[int, ...], tuple[float, ...]] = {}
    # The own prices go first, so that a plan they share with others bears their name.
    for profile in sorted(profiles, key=lambda p: (p != own_prices, p)):
        balance, wholes, change = profile
        # Prices are paid in each community apart, so the cheapest plan is the cheapest of each.
        pick = tuple(
            choice.choose(balance, wholes, change * rules.redraw.move)
            for choice in choices.values()
        )
        kept.setdefault(pick, profile)
    # The plan as it is, the first division of each, is shown whatever it costs.
    if has_moves and all(choice.is_drawn for choice in choices.values()):
        kept.setdefault((0,) * len(choices), ())
    rows = [
        _measure_pick(choices, pick, has_moves) | {"priced": _write_prices(factors, has_moves)}
        for pick, factors in kept.items()
    ]
    table = pd.DataFrame(rows)[COLUMNS]
    whole = ("subgrids", "out_of_band", "buildings_split", "compounds_crossed", "moved")
    digits = {"in_band": 4, "spread": 4, "mean_walk": 2, "price": 1}
    return table.round(digits).astype(dict.fromkeys(whole, "int64")), list(kept)


def _measure_pick(
    choices: Mapping[str, _CommunityChoices], pick: tuple[int, ...], has_moves: bool
) -> dict[str, Any]:
    """Measure the plan made of one division of each community."""
    chosen = list(zip(choices.values(), pick, strict=True))
    parts = [choice.measured[n][0] for choice, n in chosen]
    counts = [choice.measured[n][1] for choice, n in chosen]
    figures = sum_up(pd.concat(parts), counts)
    moved = sum(int(choice.moved[n]) for choice, n in chosen)
    # Every division of a community holds the same households.
    households = sum(int(choice.measured[0][0]["households"].sum()) for choice, _ in chosen)
    return figures | {
        "moved": moved,
        "moved_share": moved / households if has_moves and households else np.nan,
        "out_of_band": sum(int(count["out_of_band"]) for count in counts),
    }


def _write_prices(profile: tuple[float, ...], has_moves: bool) -> str:
    """Write what the prices were multiplied by; no prices are those of the plan as it is."""
    if not profile:
        return "as it is"
    words = ("balance", "wholes", "change") if has_moves else ("balance", "wholes")
    return ", ".join(f"{word} ×{factor:g}" for word, factor in zip(words, profile, strict=False))


def _code_members(
    problems: Mapping[str, DivisionProblem],
    homes: Mapping[str, Texts],
    choices: Mapping[str, _CommunityChoices],
    pick: tuple[int, ...],
    used: Any,
) -> pd.Series[Any]:
    """Code the sub-grids of a plan.

    Those that go on keep their codes, others get new numbers from the first
    atom on.
    """
    columns = []
    for (community, problem), n in zip(problems.items(), pick, strict=True):
        part = choices[community].parts[n]
        pairs = _pair_up(problem, homes[community], part)
        # Matched pairs keep the code, which is what makes fewest households move.
        codes = dict(pairs.loc[pairs["matched"], ["part", "home"]].itertuples(index=False))
        fresh = [p for p in range(int(part.max()) + 1) if p not in codes]
        codes |= dict(zip(fresh, number_next(community, used, len(fresh)), strict=True))
        columns.append(
            pd.Series([codes[int(p)] for p in part], index=list(problem.ids), dtype="str")
        )
    return pd.concat(columns)
