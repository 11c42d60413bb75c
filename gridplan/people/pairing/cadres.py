"""Leading cadres paired with communities by one of three readings of "1+3"; posts only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from gridplan.arrays import Floats, Ints
from gridplan.errors import InputError, Problem
from gridplan.people.pairing.minimum_cost_flow import Flow, FlowProblem, solve_flow
from gridplan.people.pairing.paired_communities import DUTY, LINK_COLUMNS, make_steps
from gridplan.rules.pairing import PairingRules
from gridplan.tables.whole_shares import share_total


def list_cadres(cadres: Any, institutions: pd.DataFrame) -> pd.DataFrame:
    """List the posts of leading cadres: the code of each and the institution it belongs to.

    ``cadres`` is a table of posts with the columns ``cadre`` and
    ``institution``, or a number, which is shared among the institutions by
    their members (all alike where nobody counted them).

    Raises
    ------
    InputError
        If columns are missing, codes are repeated, institutions are unknown, or
        there is a further column: posts have no other.

    Examples
    --------
    >>> institutions = pd.DataFrame({"members": [20.0, 40.0]}, index=["i1", "i2"])
    >>> list_cadres(3, institutions)["cadre"].tolist()
    ['i1-C1', 'i2-C1', 'i2-C2']
    """
    if not isinstance(cadres, pd.DataFrame):
        return _share_cadres(cadres, institutions)
    problems = []
    absent = [name for name in ("cadre", "institution") if name not in cadres.columns]
    more = [str(name) for name in cadres.columns if name not in ("cadre", "institution")]
    if absent:
        text = f"columns are missing: {', '.join(absent)}"
        problems.append(Problem("cadres", "columns", text, "add them"))
    # A further column might name a person, so it is refused and not ignored.
    if more:
        text = f"columns besides cadre and institution: {', '.join(more)}"
        remedy = "take them out; gridplan works on posts, never on persons"
        problems.append(Problem("cadres", "posts only", text, remedy))
    # Without these columns nothing else can be checked.
    if absent:
        raise InputError(problems)
    # Codes are texts, also where a spreadsheet made numbers of them.
    posts = cadres[["cadre", "institution"]].astype("str").sort_values("cadre", ignore_index=True)
    problems += _check_codes(posts, institutions)
    if problems:
        raise InputError(problems)
    return posts


def _share_cadres(number: int, institutions: pd.DataFrame) -> pd.DataFrame:
    """Share a number of cadres among the institutions by their members, and give them codes."""
    count = share_total(number, institutions["members"].fillna(0).to_numpy(float))
    codes = np.repeat(institutions.index.to_numpy(object), count)
    turn = pd.Series(codes).groupby(codes).cumcount()
    return pd.DataFrame(
        {
            "cadre": [f"{code}-C{n + 1}" for code, n in zip(codes, turn, strict=True)],
            "institution": codes,
        }
    )


def _check_codes(posts: pd.DataFrame, institutions: pd.DataFrame) -> list[Problem]:
    """Check that each post has a code of its own, and an institution that exists."""
    problems = []
    double = posts.loc[posts["cadre"].duplicated(), "cadre"].unique()
    strange = sorted(set(posts["institution"]) - set(institutions.index))
    if len(double):
        text = "codes stand more than once"
        problems.append(
            Problem("cadres", "codes are unique", text, "keep one row of each", tuple(double))
        )
    if strange:
        text = "posts belong to institutions that are not in the table institutions"
        remedy = "correct the code or add the institution"
        problems.append(Problem("cadres", "codes are known", text, remedy, tuple(strange)))
    return problems


def pair_cadres(
    cadres: pd.DataFrame, institutions: pd.DataFrame, towns: pd.DataFrame, rules: PairingRules
) -> tuple[pd.DataFrame, Flow | None]:
    """Pair cadres with communities by the rule of degrees, at the least sum of metres, proven.

    The founding article says "1+3" and not what is meant. ``one``: each cadre
    has one community, each community at least one cadre where there are
    enough. ``lead_and_others``: each community has one lead cadre and three
    others, loads differing by one at most. ``cadre_and_targets``: each cadre
    has three communities.

    Cadres stand where their institutions are; those of one institution are
    alike, so the flow runs between institutions and communities and is dealt
    out afterwards.
    """
    number = cadres.groupby("institution").size().reindex(institutions.index, fill_value=0)
    # Institutions without cadres would only be empty rows of the programme.
    institutions_with_cadres = institutions[number > 0]
    number = number[number > 0].to_numpy(np.int64)
    if not len(institutions_with_cadres) or not len(towns):
        return pd.DataFrame(columns=list(LINK_COLUMNS)), None
    least, most, steps = _set_degrees(number, towns, rules)
    sources = institutions_with_cadres[["x", "y"]].to_numpy(float)
    places = towns[["x", "y"]].to_numpy(float)
    # A community takes no more from an institution than it has cadres, so that
    # each can go there once.
    each = np.minimum(number, most)
    flow = solve_flow(FlowProblem(sources, places, least, most, each, steps, np.zeros((0, 3))))
    dealt = _deal(flow.links, number)
    # Cadres are sorted by institution; the first of each begins where those before end.
    first = np.concatenate([[0], np.cumsum(number)])
    codes = cadres.sort_values(["institution", "cadre"])["cadre"].to_numpy(object)
    step = sources[dealt[:, 0]] - places[dealt[:, 1]]
    community = towns.index.to_numpy(object)[dealt[:, 1]]
    distance = np.hypot(step[:, 0], step[:, 1])
    links = pd.DataFrame(
        {
            "kind": "cadre",
            "source": codes[first[dealt[:, 0]] + dealt[:, 2]],
            "community": community,
            "target": community,
            "amount": 1.0,
            "hours": np.nan,
            "distance": distance,
            "kept": False,
            "price": np.rint(distance),
        }
    )
    if rules.cadre_rule == "lead_and_others":
        links.loc[
            _choose_leads(
                first[dealt[:, 0]] + dealt[:, 2], dealt[:, 1], distance, len(codes), len(towns)
            ),
            "kind",
        ] = "cadre_lead"
    return links, flow


def _set_degrees(number: Ints, towns: pd.DataFrame, rules: PairingRules) -> tuple[Ints, Ints, Ints]:
    """Set how many communities the cadres of an institution have, and how many each takes."""
    m = len(towns)
    total = int(number.sum())
    others = rules.cadre_others
    if rules.cadre_rule == "lead_and_others":
        # Fewer cadres than a community should have: each takes all there are.
        wanted = min(1 + others, total)
        # Everybody's fair share, rounded down and up: loads differ by one at most.
        least = number * ((wanted * m) // total)
        most = number * (-(-wanted * m // total))
        return least, most, np.array([[j, wanted, -DUTY] for j in range(m)], np.int64)
    each = min(others, m) if rules.cadre_rule == "cadre_and_targets" else 1
    steps = make_steps(towns["need"].to_numpy(float), total * each, 1, rules)
    return number * each, number * each, steps


def _deal(links: Ints, number: Ints) -> Ints:
    """Deal the flow of each institution out to its cadres in turn.

    Returns int64[l, 3]: institution, community and number of the cadre.


    A community takes no more than there are cadres, so no cadre gets it twice,
    and loads differ by one at most.
    """
    # A unit of flow each; units of one community follow one another, so they go
    # to different cadres.
    i = np.repeat(links[:, 0], links[:, 2])
    j = np.repeat(links[:, 1], links[:, 2])
    turn = pd.Series(i).groupby(i).cumcount().to_numpy() if len(i) else i
    return np.column_stack([i, j, turn % number[i]])


def _choose_leads(cadre: Ints, town: Ints, distance: Floats, cadres: int, towns: int) -> Ints:
    """Choose the lead of each community: nearest on the whole, none leading above its share."""
    # Each cadre is there as often as it may lead.
    share = -(-towns // cadres)
    rows = np.repeat(town, share)
    columns = (cadre[:, None] * share + np.arange(share)).ravel()
    # Stored zeros would read as "no pair", hence 1 more for each.
    price = np.repeat(np.rint(distance) + 1.0, share)
    graph = coo_matrix((price, (rows, columns)), shape=(towns, cadres * share)).tocsr()
    # A community without cadres has no lead and must not be in the matching.
    served = np.unique(town)
    matching = min_weight_full_bipartite_matching(graph[served])
    lead = matching[1] // share
    key = cadre * towns + town
    return np.flatnonzero(np.isin(key, lead * towns + served[matching[0]]))
