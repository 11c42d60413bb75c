"""The kinds of numpy arrays that annotations name.

The type says what an array holds, so that a coordinate is not passed where a
row number is meant; its shape is given in a docstring or a comment beside it.
"""

from typing import Any

import numpy as np

Ints = np.ndarray[Any, np.dtype[np.integer[Any]]]
"""Whole numbers of any width: rows, labels, counts, codes."""

Floats = np.ndarray[Any, np.dtype[np.float64]]
"""Coordinates and lengths in metres, shares, prices, minutes."""

Bools = np.ndarray[Any, np.dtype[np.bool_]]
"""Masks."""

Objects = np.ndarray[Any, np.dtype[np.object_]]
"""Texts, lists, and whatever else pandas keeps as objects."""

Shapes = Objects
"""Shapes of shapely; None where there is none."""

Texts = np.ndarray[Any, np.dtype[np.str_ | np.object_]]
"""Codes and names, as numpy's own texts or as pandas keeps them."""

Records = np.ndarray[Any, np.dtype[np.void]]
"""Rows with named columns, as the kernels of the simulation take them."""

Numbers = np.ndarray[Any, np.dtype[np.integer[Any] | np.float64]]
"""Whole numbers or floats, for what works the same with both: weights, amounts, costs."""

Array = np.ndarray[Any, Any]
"""An array of any kind, for what only moves values: taking rows, sorting, comparing columns."""
