"""Disclosure: an attacker's integer program against pairs of releases, and what it narrows.

The attacker has both releases, the limits of both plans and the rules, and
shares no code with the release: he writes all that is published as sums of
whole numbers, ratios and differences among them, and solves for the least and
the most that each unknown may be. A question is held if what is small cannot be
narrowed to fewer values than the rules promise.
"""

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from shapely.geometry import box

from gridplan.plan import Plan
from gridplan.publishing.release_plan import release
from gridplan.rules.disclosure import DisclosureRules
from gridplan.synthetic.board_plan import CRS, X0, Y0, make_site, make_table
from gridplan.tables.conform import make_empty

PAIRS = 40
RULES = DisclosureRules()
MEASURES = ("full", "probationary", "members", "elders", "volunteers")
MOST = 10_000


def draw_plan(rng):
    """Draw a town of a few communities with people behind doors, sub-grids and posts."""
    towns, grids, doors, people = [], [], [], []
    for n in range(int(rng.integers(3, 6))):
        code, shape = f"c{n}", box(X0 + 100 * n, Y0, X0 + 100 * n + 100, Y0 + 100)
        towns.append({"community": code, "name": code, "kind": "urban", "subdistrict": f"s{n % 2}"})
        towns[-1]["geometry"] = shape
        for m in range(int(rng.integers(1, 4))):
            grid = f"{code}-{m}"
            sizes = rng.integers(8, 20, 2)
            row = {"subgrid": grid, "community": code, "kind": "residential", "low": 20}
            row |= {"community_kind": "urban", "target": 30, "high": 40, "geometry": shape}
            grids.append(row | {"households": sizes.sum()})
            for d, size in enumerate(sizes):
                door = {"stairwell": f"{grid}-{d}", "community": code, "subgrid": grid}
                doors.append(door | {"households": size, "geometry": shape.centroid})
                counts = rng.integers(0, [12, 4, 9, 7])
                names = ("full", "probationary", "elders", "volunteers")
                people.append(door | dict(zip(names, counts, strict=True)))
    workers = int(rng.integers(1, 60))
    party, full = rng.integers(0, workers + 1, 2)
    posts = [
        {"post": f"p{k}", "filled": True, "party": bool(k < party), "served": 1, "community": "c0"}
        | {"role": "grid_worker_full" if k < full else "grid_worker_part"}
        for k in range(workers)
    ]
    return Plan(
        site=make_site(communities=make_table("communities", towns)),
        stairwells=make_table("stairwells", doors),
        neighbours=make_empty("neighbours"),
        subgrids=make_table("subgrids", grids),
        exceptions=make_empty("exceptions"),
        manifest={},
        members=make_table("members", people),
        party_orgs=make_empty("party_orgs", CRS),
        posts=make_table("posts", posts),
    )


def move_door(plan, rng):
    """Move one door into another community, and its households into a sub-grid there."""
    doors, people = plan.stairwells.copy(), plan.members.copy()
    door = rng.choice(doors.index)
    home = plan.subgrids[plan.subgrids["community"] != doors.loc[door, "community"]]
    grid = rng.choice(home.index)
    doors.loc[door, ["community", "subgrid"]] = [home.loc[grid, "community"], grid]
    people.loc[door, "community"] = home.loc[grid, "community"]
    sizes = doors.groupby("subgrid")["households"].sum().reindex(plan.subgrids.index).fillna(0)
    grids = plan.subgrids.assign(households=sizes.astype(np.int64))
    return plan.replace(stairwells=doors, members=people, subgrids=grids)


class Attacker:
    """Whole unknowns, one for each door and measure, and what is published as rows over them."""

    def __init__(self, unknowns):
        self.place = {name: n for n, name in enumerate(unknowns)}
        self.rows, self.low, self.high = [], [], []

    def learn(self, names, low, high=None, weights=None):
        """Learn that a sum of unknowns lies between two numbers."""
        row = np.zeros(len(self.place))
        for n, name in enumerate(names):
            row[self.place[name]] += 1.0 if weights is None else weights[n]
        self.rows.append(row)
        self.low.append(low)
        self.high.append(low if high is None else high)

    def ask(self, names):
        """Find the least and the most that a sum of unknowns may be."""
        cost = np.zeros(len(self.place))
        cost[[self.place[name] for name in names]] = 1.0
        ends = []
        for sign in (1.0, -1.0):
            solution = milp(
                sign * cost,
                integrality=np.ones(len(cost)),
                bounds=Bounds(0, MOST),
                constraints=LinearConstraint(np.array(self.rows), self.low, self.high),
            )
            ends.append(round(sign * solution.fun))
        return ends


def attack_people(plans, releases):
    """Attack the people of both releases; yields the true number and its range."""
    names = [(m, door) for m in MEASURES for door in plans[0].members.index]
    attacker = Attacker(names)
    for door in plans[0].members.index:
        parts = [(m, door) for m in ("full", "probationary", "members")]
        attacker.learn(parts, 0, weights=(1, 1, -1))
    questions = []
    true = plans[0].members.assign(members=lambda t: t["full"] + t["probationary"])
    for plan, leaving in zip(plans, releases, strict=True):
        home = plan.members["community"].astype(str)
        town = home.map(plan.site.communities["subdistrict"]).astype(str)
        where = {"community": home, "subdistrict": town, "city": home.map(lambda _: "site")}
        counts = leaving.published[leaving.published["measure"].isin(MEASURES)]
        for row in counts.itertuples():
            inside = [(row.measure, door) for door in home.index[where[row.level] == row.of]]
            low = row.value if row.shown else 1
            attacker.learn(inside, low, row.value if row.shown else MOST)
            questions.append(inside)
    moved = plans[0].members.index[
        plans[0].members["community"].to_numpy() != plans[1].members["community"].to_numpy()
    ]
    questions += [[(m, door) for door in moved] for m in MEASURES]
    for asked in questions:
        value = int(sum(true.loc[door, m] for m, door in asked))
        if 0 < value < RULES.smallest:
            yield value, attacker.ask(asked), RULES.interval


def attack_households(plans, releases):
    """Attack the households of both releases: totals, means and bands."""
    doors = plans[0].stairwells.index
    attacker = Attacker(list(doors))
    questions = []
    for plan, leaving in zip(plans, releases, strict=True):
        table = leaving.published[leaving.published["shown"]].set_index(["measure", "of"])["value"]
        of_grid = plan.stairwells["subgrid"]
        for grid, band in leaving.subgrids["household_band"].items():
            inside = list(doors[of_grid == grid])
            first, _, last = band.rstrip("+").partition("-")
            attacker.learn(inside, float(first or 0), float(last or MOST))
            if len(inside):
                questions.append(inside)
        for code in plan.site.communities.index:
            if ("households", code) in table.index:
                inside = list(doors[plan.stairwells["community"] == code])
                attacker.learn(inside, table[("households", code)])
        if ("figure:households", "site") in table.index:
            attacker.learn(list(doors), table[("figure:households", "site")])
        if ("figure:households_urban", "site") in table.index:
            total = round(table[("figure:households_urban", "site")] * len(plan.subgrids))
            attacker.learn(list(doors), total)
    moved = plans[0].stairwells["community"].to_numpy() != plans[1].stairwells["community"]
    questions.append(list(doors[moved.to_numpy(bool)]))
    for inside in questions:
        value = int(plans[0].stairwells.loc[inside, "households"].sum())
        yield value, attacker.ask(inside), RULES.household_width - 1


def attack_ratios(plan, leaving):
    """Attack the posts: workers, full-time ones and the Party's share of them."""
    table = leaving.published[leaving.published["shown"]].set_index("measure")["value"]
    attacker = Attacker(["full", "part", "party", "other"])
    attacker.learn(["full", "part", "party", "other"], 0, weights=(1, 1, -1, -1))
    workers, full = (table.get(f"figure:{n}") for n in ("grid_workers", "grid_workers_full"))
    share = table.get("figure:party_share")
    if workers is not None:
        attacker.learn(["full", "part"], workers)
    if full is not None:
        attacker.learn(["full"], full)
    if share is not None:
        attacker.learn(["party", "other"], -1e-4, 1e-4, weights=(1 - share, -share))
    posts = plan.posts
    is_full = posts["role"] == "grid_worker_full"
    true = {"full": is_full.sum(), "part": (~is_full).sum()}
    true |= {"party": posts["party"].sum(), "other": (~posts["party"]).sum()}
    for name, value in true.items():
        if 0 < value < RULES.smallest:
            yield int(value), attacker.ask([name]), RULES.interval


def attack_pairs(pairs=PAIRS, *, compared=True):
    """Attack pairs of releases that differ by a door; a row for each kind: attacked, held."""
    rows = []
    for seed in range(pairs):
        rng = np.random.default_rng(seed)
        old = draw_plan(rng)
        new = move_door(old, rng)
        first = release(old)
        second = release(new, before=old, published=first) if compared else release(new)
        both = (old, new), (first, second)
        kinds = {
            "people": attack_people(*both),
            "households": attack_households(*both),
            "ratios": attack_ratios(new, second),
        }
        for kind, answers in kinds.items():
            for value, (low, high), interval in answers:
                assert low <= value <= high, "the attacker is wrong, so that he proves nothing"
                rows.append({"kind": kind, "seed": seed, "held": high - low >= interval})
    return pd.DataFrame(rows)


def run():
    """Print what was attacked and what held, with and without the earlier release."""
    for compared in (True, False):
        table = attack_pairs(compared=compared)
        sums = table.groupby("kind")["held"].agg(attacked="size", held="sum")
        print(f"{PAIRS} pairs of releases, {'with' if compared else 'without'} --before")
        print(sums.to_string())
