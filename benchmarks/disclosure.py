"""Disclosure: an attacker's integer program against pairs of releases, and what it narrows.

The attacker has both releases, the limits of both plans and the rules, and
shares no code with the release: he writes all that is published as sums of
whole numbers, ratios and differences among them, and solves for the least and
the most that each unknown may be. A question is held if what is small cannot be
narrowed to fewer values than the rules promise, or if nothing left because the
release was refused.
"""

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix
from shapely.geometry import box

from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.publishing.release_plan import release
from gridplan.rules.disclosure import DisclosureRules
from gridplan.synthetic.board_plan import CRS, X0, Y0, make_site, make_table
from gridplan.tables.conform import make_empty

PAIRS = 40
EXAMPLE_PAIRS = 3
ALONE_PAIRS = 5
RULES = DisclosureRules()
MEASURES = ("full", "probationary", "members", "elders", "volunteers")
OUTSIDE = "members_outside_branches"
MOST = 10_000


def draw_plan(rng):
    """Draw a town of a few communities with people behind doors, sub-grids and posts."""
    towns, grids, doors, people = [], [], [], []
    for n in range(int(rng.integers(3, 6))):
        code, shape = f"c{n}", box(X0 + 100 * n, Y0, X0 + 100 * n + 100, Y0 + 100)
        towns.append({"community": code, "name": code, "kind": "urban", "geometry": shape})
        towns[-1] |= {"subdistrict": f"s{n % 3}", "district": f"d{n % 3 // 2}"}
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
    return Plan(
        site=make_site(communities=make_table("communities", towns)),
        stairwells=make_table("stairwells", doors),
        neighbours=make_empty("neighbours"),
        subgrids=make_table("subgrids", grids),
        exceptions=make_empty("exceptions"),
        manifest={},
        members=make_table("members", people),
        party_orgs=make_empty("party_orgs", CRS),
        posts=draw_posts(rng, int(rng.integers(1, 60)), [town["community"] for town in towns]),
        links=draw_links(rng),
        coverage=draw_coverage(rng, [town["community"] for town in towns]),
    )


def draw_posts(rng, workers, codes):
    """Draw workers, some of the Party and some full-time, and half as many leaders."""
    party, full = rng.integers(0, workers + 1, 2)
    roles = ["grid_worker_full"] * full + ["grid_worker_part"] * (workers - full)
    roles += ["grid_leader"] * (workers // 2)
    towns = rng.choice(codes, len(roles))
    return make_table(
        "posts",
        [
            {"post": f"p{k}", "filled": True, "party": bool(k < party), "served": 1}
            | {"role": role, "community": str(town)}
            for k, (role, town) in enumerate(zip(roles, towns, strict=True))
        ],
    )


def draw_links(rng):
    """Draw institutions that send serving members, an hour a month each."""
    sizes = rng.integers(1, 30, int(rng.integers(1, 5)))
    rows = [
        {"link": f"{n}", "kind": "member_checkin", "source": f"i{n}", "community": "c0"}
        | {"target": "c0", "amount": float(size), "hours": float(size)}
        for n, size in enumerate(sizes)
    ]
    return make_table("links", rows)


def draw_coverage(rng, codes):
    """Draw how many households of each community reach a canteen in 15 minutes."""
    sizes = rng.integers(40, 400, len(codes))
    inside = [int(rng.choice([rng.integers(0, 12), rng.integers(0, n + 1), n])) for n in sizes]
    fixed = {"state": "now", "kind": "canteen", "minutes": 15.0, "own": True}
    places = [("community", code, code) for code in codes] + [("city", "site", "")]
    counts = list(zip([*sizes, sizes.sum()], [*inside, sum(inside)], strict=True))
    rows = [
        {"level": level, "of": of, "community": town, "households": int(n), "reachable": k}
        | {"reachable_share": k / n}
        for (level, of, town), (n, k) in zip(places, counts, strict=True)
    ]
    return make_table("coverage", [row | fixed for row in rows])


def move_door(plan, rng):
    """Move one door into another community, and its households into a sub-grid there."""
    doors, people = plan.stairwells.copy(), plan.members.copy()
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"]
    door = rng.choice(doors.index[doors["subgrid"].isin(homes.index) & (doors["households"] > 0)])
    home = homes[homes["community"] != doors.loc[door, "community"]]
    grid = rng.choice(home.index)
    doors.loc[door, ["community", "subgrid"]] = [home.loc[grid, "community"], grid]
    people.loc[door, ["community", "branch"]] = [home.loc[grid, "community"], ""]
    sizes = doors.groupby("subgrid")["households"].sum().reindex(plan.subgrids.index).fillna(0)
    grids = plan.subgrids.assign(households=sizes.astype(np.int64))
    orgs = plan.party_orgs
    inside = people[people["branch"] != ""].groupby("branch")[["full", "probationary"]].sum()
    for name in inside.columns:
        orgs = orgs.assign(**{name: inside[name].reindex(orgs.index).fillna(orgs[name])})
    orgs = orgs.astype(plan.party_orgs.dtypes)
    return plan.replace(stairwells=doors, members=people, subgrids=grids, party_orgs=orgs)


def change_posts(plan, rng):
    """Take some workers on or off, and let some join the Party."""
    posts = plan.posts
    count = max(1, len(posts) + int(rng.integers(-3, 4)))
    if count <= len(posts):
        posts = posts.iloc[len(posts) - count :]
    else:
        codes = list(plan.site.communities.index)
        more = draw_posts(rng, count - len(posts), codes).iloc[: count - len(posts)]
        posts = pd.concat([posts, more.set_axis([f"q{n}" for n in range(len(more))])])
        posts.index.name = "post"
    party = posts["party"].to_numpy().copy()
    party[rng.integers(0, len(party), 2)] = True
    return plan.replace(posts=posts.assign(party=party))


class Attacker:
    """Whole unknowns, and what is published as rows over them."""

    def __init__(self, unknowns):
        self.place = {name: n for n, name in enumerate(dict.fromkeys(unknowns))}
        self.rows, self.low, self.high = [], [], []

    def learn(self, names, low, high=None, weights=None):
        """Learn that a sum of unknowns lies between two numbers."""
        names = list(dict.fromkeys(names))
        self.rows.append(([self.place[name] for name in names], weights or [1.0] * len(names)))
        self.low.append(low)
        self.high.append(low if high is None else high)

    def ask(self, names, weights=None):
        """Find the least and the most that a sum of unknowns may be."""
        names = list(dict.fromkeys(names))
        cost = np.zeros(len(self.place))
        cost[[self.place[name] for name in names]] = weights or 1.0
        places = [(n, column) for n, (columns, _) in enumerate(self.rows) for column in columns]
        signs = [sign for _, weights in self.rows for sign in weights]
        shape = (len(self.rows), len(cost))
        matrix = csr_matrix((signs, tuple(np.array(places).T)), shape=shape)
        ends = []
        for sign in (1.0, -1.0):
            solution = milp(
                sign * cost,
                integrality=np.ones(len(cost)),
                bounds=Bounds(0, MOST),
                constraints=LinearConstraint(matrix, self.low, self.high),
            )
            ends.append(round(sign * solution.fun))
        return ends


def join_names(*columns):
    """Name the doors that lie in the same places of both plans alike."""
    texts = columns[0].astype(str)
    for column in columns[1:]:
        texts = texts + "|" + column.reindex(texts.index).astype(str)
    return texts


def find_above(plan):
    """Find the subdistrict and district of each community; statistical codes begin with theirs."""
    towns = plan.site.communities
    codes = towns.index.to_series().astype(str)
    by_code = codes.str[:6].where(codes.str.fullmatch(r"\d{12}"), "")
    district = towns["district"].fillna("").astype(str)
    return {
        "subdistrict": towns["subdistrict"].fillna("").astype(str),
        "district": district.where(district != "", by_code),
    }


def attack_people(plans, releases):
    """Attack the people of both releases; yields the true number and its range."""
    leaves = [plan.members[name] for plan in plans for name in ("community", "branch")]
    atom = join_names(*leaves)
    attacker = Attacker([(m, one) for m in MEASURES for one in atom])
    for one in atom.unique():
        parts = [(m, one) for m in ("full", "probationary", "members")]
        attacker.learn(parts, 0, weights=[1, 1, -1])
    questions = []
    true = plans[0].members.assign(members=lambda t: t["full"] + t["probationary"])
    true = true[list(MEASURES)].fillna(0).groupby(atom).sum()
    for plan, leaving in zip(plans, releases, strict=True):
        home = plan.members["community"].astype(str)
        over = {level: home.map(names) for level, names in find_above(plan).items()}
        branch = plan.members["branch"].astype(str)
        where = {"community": home, "city": home.map(lambda _: "site"), **over}
        where["branch"] = branch.where(branch != "", "outside of " + home)
        counts = leaving.published[leaving.published["measure"].isin([*MEASURES, OUTSIDE])]
        for row in counts.itertuples():
            of = f"outside of {row.of}" if row.measure == OUTSIDE else row.of
            measure = "members" if row.measure == OUTSIDE else row.measure
            inside = [(measure, one) for one in atom[where[row.level] == of]]
            if inside:
                low = row.value if row.shown else 1
                attacker.learn(inside, low, row.value if row.shown else MOST)
                questions.append(inside)
    moved = atom[plans[0].members["community"].to_numpy() != plans[1].members["community"]]
    questions += [[(m, one) for one in moved] for m in MEASURES]
    for asked in questions:
        value = int(sum(true.loc[one, m] for m, one in dict.fromkeys(asked)))
        if 0 < value < RULES.smallest:
            yield value, attacker.ask(asked), RULES.interval


def attack_households(plans, releases):
    """Attack the households of both releases: totals, means and bands."""
    homes = [plan.subgrids["kind"] == "residential" for plan in plans]
    of_grid = [plan.stairwells["subgrid"].astype(str) for plan in plans]
    atom = join_names(*of_grid)
    attacker = Attacker(atom)
    true = plans[0].stairwells["households"].groupby(atom).sum()
    questions = []
    for plan, leaving, grid_of, home in zip(plans, releases, of_grid, homes, strict=True):
        table = leaving.published[leaving.published["shown"]].set_index(["measure", "of"])["value"]
        for grid, band in leaving.subgrids.loc[home, "household_band"].items():
            inside = list(atom[grid_of == grid])
            first, _, last = band.rstrip("+").partition("-")
            if inside:
                attacker.learn(inside, float(first or 0), float(last or MOST))
                questions.append(inside)
        for code in plan.site.communities.index:
            inside = atom[plan.stairwells["community"] == code]
            if ("households", code) in table.index and len(inside):
                attacker.learn(inside, table[("households", code)])
        for names in find_above(plan).values():
            over = plan.stairwells["community"].map(names)
            for name in set(names) - {""}:
                if ("households", name) in table.index:
                    attacker.learn(atom[over == name], table[("households", name)])
        if ("figure:households", "site") in table.index:
            attacker.learn(atom, table[("figure:households", "site")])
        kinds = plan.subgrids["community_kind"].astype(str)
        for kind in ("urban", "rural"):
            if (f"figure:households_{kind}", "site") in table.index:
                grids = plan.subgrids.index[home & (kinds == kind)]
                total = round(table[(f"figure:households_{kind}", "site")] * len(grids))
                attacker.learn(atom[grid_of.isin(grids)], total)
    moved = plans[0].stairwells["community"].to_numpy() != plans[1].stairwells["community"]
    questions.append(list(atom[moved.to_numpy(bool)]))
    for inside in {tuple(sorted(set(one))): one for one in questions}.values():
        value = int(true[list(dict.fromkeys(inside))].sum())
        if value:
            yield value, attacker.ask(inside), RULES.household_width - 1


def attack_posts(plans, releases):
    """Attack the posts of both releases: workers, full-time ones, the Party's, and changes."""
    parts = ("full", "part", "party", "other")
    attacker = Attacker([(n, part) for n in (0, 1) for part in parts])
    true = {}
    for n, (plan, leaving) in enumerate(zip(plans, releases, strict=True)):
        table = leaving.published[leaving.published["shown"]].set_index("measure")["value"]
        attacker.learn([(n, part) for part in parts], 0, weights=[1, 1, -1, -1])
        workers, full = (table.get(f"figure:{f}") for f in ("grid_workers", "grid_workers_full"))
        share = table.get("figure:party_share")
        if workers is not None:
            attacker.learn([(n, "full"), (n, "part")], workers)
        if full is not None:
            attacker.learn([(n, "full")], full)
        if share is not None:
            weights = [1 - share, -share]
            attacker.learn([(n, "party"), (n, "other")], -1e-4, 1e-4, weights=weights)
        posts = plan.posts[plan.posts["role"] != "grid_leader"]
        is_full = posts["role"] == "grid_worker_full"
        true |= {(n, "full"): is_full.sum(), (n, "part"): (~is_full).sum()}
        true |= {(n, "party"): posts["party"].sum(), (n, "other"): (~posts["party"]).sum()}
    for name, value in true.items():
        if 0 < value < RULES.smallest:
            yield "ratios", int(value), attacker.ask([name]), RULES.interval
    for names in (["full"], ["part"], ["party"], ["other"], ["full", "part"]):
        change = int(sum(int(true[(1, name)]) - int(true[(0, name)]) for name in names))
        if 0 < abs(change) < RULES.smallest:
            asked = [(n, name) for n in (1, 0) for name in names]
            weights = [1.0] * len(names) + [-1.0] * len(names)
            yield "posts", change, attacker.ask(asked, weights), RULES.interval


# What is published of posts by place -> what it is the sum of.
PLACED = {
    "grid_leaders": ("lead",),
    "grid_workers": ("full", "part"),
    "grid_workers_full": ("full",),
    "grid_workers_part": ("part",),
    "workers_party": ("party",),
    "workers_other": ("other",),
}


def count_places(plan):
    """Count the parts of the posts by community."""
    posts = plan.posts[plan.posts["filled"]]
    worker = posts["role"].isin(["grid_worker_full", "grid_worker_part"])
    parts = {
        "lead": posts["role"] == "grid_leader",
        "full": posts["role"] == "grid_worker_full",
        "part": posts["role"] == "grid_worker_part",
        "party": worker & posts["party"],
        "other": worker & ~posts["party"],
    }
    towns = posts["community"].astype(str)
    return {
        (part, code): int((rows & (towns == code)).sum())
        for part, rows in parts.items()
        for code in plan.site.communities.index
    }


def attack_places(plans, releases):
    """Attack the posts of every place in both releases, and how far each changed."""
    true = [count_places(plan) for plan in plans]
    attacker = Attacker([(n, *key) for n in (0, 1) for key in true[n]])
    sums = {}
    for n, (plan, leaving) in enumerate(zip(plans, releases, strict=True)):
        towns = plan.site.communities
        for code in towns.index:
            parts = [(n, part, code) for part in ("full", "part", "party", "other")]
            attacker.learn(parts, 0, weights=[1, 1, -1, -1])
        over = {"community": towns.index.to_series(), "city": towns["name"].map(lambda _: "site")}
        over |= find_above(plan)
        table = leaving.published.set_index(["measure", "level", "of"])
        for level, names in over.items():
            for name in sorted(set(names) - {""}):
                codes = names.index[names == name]
                for measure, parts in PLACED.items():
                    key = (measure, level, name)
                    inside = [(part, code) for part in parts for code in codes]
                    sums[(n, *key)] = inside
                    if key in table.index:
                        row = table.loc[key]
                        least = row["value"] if row["shown"] else 1
                        most = row["value"] if row["shown"] else MOST
                        attacker.learn([(n, *one) for one in inside], least, most)
    for (n, *key), inside in sums.items():
        value = sum(true[n][one] for one in inside)
        if 0 < value < RULES.smallest:
            asked = [(n, *one) for one in inside]
            yield "posts by place", value, attacker.ask(asked), RULES.interval
        change = sum(true[1][one] - true[0][one] for one in inside)
        if n and (0, *key) in sums and 0 < abs(change) < RULES.smallest:
            asked = [(k, *one) for k in (1, 0) for one in inside]
            weights = [1.0] * len(inside) + [-1.0] * len(inside)
            yield "changes by place", change, attacker.ask(asked, weights), RULES.interval


def attack_hours(plan, leaving):
    """Attack the serving members: how many there are, and whom the largest institution sends."""
    table = leaving.published[leaving.published["shown"]].set_index("measure")["value"]
    sent = plan.links["amount"].sort_values(ascending=False)
    attacker = Attacker(list(sent.index))
    for name in ("members_checked_in", "checkin_hours"):
        total = table.get(f"figure:{name}")
        if total is not None:  # each serves an hour a month, as everybody knows
            attacker.learn(list(sent.index), total)
    attacker.learn(list(sent.index), len(sent), MOST)
    if sent.sum() < RULES.smallest:
        yield int(sent.sum()), attacker.ask(list(sent.index)), RULES.interval
    # The second largest takes itself off.
    if len(sent) > 1:
        attacker.learn([sent.index[1]], sent.iloc[1])
    yield int(sent.iloc[0]), attacker.ask([sent.index[0]]), RULES.interval


def attack_shares(plan, leaving):
    """Attack the shares of households in reach, with the households of each place known."""
    rows = leaving.published[leaving.published["measure"].str.startswith("reach:")]
    towns = plan.coverage[plan.coverage["level"] == "community"].set_index("of")
    attacker = Attacker(list(towns.index))
    for code, size in towns["households"].items():
        attacker.learn([code], 0, float(size))
    for row in rows[rows["shown"]].itertuples():
        if row.level in ("subdistrict", "district"):
            over = find_above(plan)[row.level]
            inside = [code for code in towns.index if over[code] == row.of]
        else:
            inside = list(towns.index) if row.level == "city" else [row.of]
        size = float(towns.loc[inside, "households"].sum())
        attacker.learn(inside, (row.value - 0.005) * size - 1e-6, (row.value + 0.005) * size + 1e-6)
    for code, size, inside in towns[["households", "reachable"]].itertuples():
        if 0 < min(inside, size - inside) < RULES.household_width:
            yield int(inside), attacker.ask([code]), min(RULES.interval, size)


def attack_both(old, new, first, second):
    """Attack two releases in every way; yields the kind of question, and whether it held."""
    both = (old, new), (first, second)
    answers = [("people", *answer) for answer in attack_people(*both)]
    answers += [("households", *answer) for answer in attack_households(*both)]
    answers += attack_places(*both)
    if len(old.links) and len(old.coverage):
        answers += attack_posts(*both)
        answers += [("hours", *answer) for answer in attack_hours(new, second)]
        answers += [("shares", *answer) for answer in attack_shares(new, second)]
    for kind, value, (low, high), interval in answers:
        assert low <= value <= high, "the attacker is wrong, so that he proves nothing"
        yield kind, high - low >= interval


def attack_pairs(pairs=PAIRS, *, compared=True, example=None):
    """Attack pairs of releases that differ by a door; a row for each question.

    Without ``example``, towns are drawn, and their posts change too.
    """
    rows = []
    first = None if example is None else release(example)
    for seed in range(pairs):
        rng = np.random.default_rng(seed)
        old = draw_plan(rng) if example is None else example
        new = move_door(old, rng)
        new = change_posts(new, rng) if example is None else new
        first = release(old) if example is None else first
        try:
            second = release(new, before=old, published=first) if compared else release(new)
        except PlanError as refused:
            if "give" not in str(refused):
                raise
            rows.append({"kind": "refused", "seed": seed, "held": True})
            continue
        answers = attack_both(old, new, first, second)
        rows += [{"kind": kind, "seed": seed, "held": held} for kind, held in answers]
    return pd.DataFrame(rows)


def make_example():
    """Plan and staff the example that comes with gridplan."""
    import gridplan as gp

    quick = gp.Rules().replace(division={"effort": "quick"})
    return gp.pair(gp.staff(gp.organise(gp.divide(gp.load_example(), quick, seed=1))))


def run():
    """Print what was tried and what held; whether all did, where releases were compared."""
    together = attack_pairs()
    print_held(f"{PAIRS} pairs of releases of drawn towns, with --before", together)
    # What leaks here shows that the attacker finds leaks.
    print_held("a few of them, without --before", attack_pairs(ALONE_PAIRS, compared=False))
    example = attack_pairs(EXAMPLE_PAIRS, example=make_example())
    print_held(f"{EXAMPLE_PAIRS} pairs of the example, with --before", example)
    return bool(together["held"].all() and example["held"].all())


def print_held(title, table):
    """Print how many questions of each kind were tried, and how many held."""
    print(title)
    print(table.groupby("kind")["held"].agg(tried="size", held="sum").to_string())
