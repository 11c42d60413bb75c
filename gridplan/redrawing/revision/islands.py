"""Islands and pieces: homes that can be walked between, everywhere or within their sub-grid."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Ints


def find_islands(
    stairwells: pd.DataFrame, neighbours: pd.DataFrame, number: Ints | None = None
) -> Ints:
    """Find the islands of homes that can be walked between, as int64[n], a number for each home.

    With ``number``, only homes of the same number are joined.
    """
    ids = stairwells.index
    n = len(stairwells)
    a = ids.get_indexer(neighbours["focal"])
    b = ids.get_indexer(neighbours["neighbour"])
    inner = (a >= 0) & (b >= 0)
    if number is not None:
        inner &= number[a] == number[b]
    a = a[inner]
    b = b[inner]
    graph = csr_matrix((np.ones(len(a), np.int8), (a, b)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def find_pieces(
    stairwells: pd.DataFrame, neighbours: pd.DataFrame, member: pd.Series[str]
) -> pd.Series[int]:
    """Count the pieces of every sub-grid: sets of its homes that its own homes join.

    Parameters
    ----------
    stairwells, neighbours
        Homes, and which of them can be walked between.
    member
        By stairwell, its sub-grid; empty for none.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> plan = make_board_plan((1, 2, 1, 2, 2, 2) * 2)
    >>> find_pieces(plan.stairwells, plan.neighbours, plan.stairwells["subgrid"]).to_dict()
    {'0301-001': 2, '0301-002': 2}
    """
    ids = stairwells.index
    code, number = np.unique(member.reindex(ids).to_numpy(object), return_inverse=True)
    piece = find_islands(stairwells, neighbours, number)
    count = pd.DataFrame({"number": number, "piece": piece}).groupby("number")["piece"].nunique()
    table = pd.Series(count.to_numpy(), index=pd.Index(code[count.index], dtype="str"))
    return table[table.index != ""]
