"""Reels: strips of frames over the sub-grids of a plan, on one map with a slider of time.

The outlines stand in the page once. A frame is a byte for each sub-grid, its
class; the page packs all frames of a sub-grid one after the other, since they
change little, and gzip makes next to nothing of what does not change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from gridplan.arrays import Ints
from gridplan.errors import PlanError, quote_ids
from gridplan.maps.class_layers import add_class_layers
from gridplan.maps.legend import compose_config
from gridplan.maps.map_shapes import compose_sheet
from gridplan.maps.page_elements import make_stage, make_statement, put
from gridplan.maps.plan_map import add_views, check_choices, choose_tiles, finish_map, open_map
from gridplan.maps.tiled_layers import add_tiled_layers, pack_stream
from gridplan.plan import Plan
from gridplan.publishing.place_and_date import choose_title
from gridplan.tables.schema import Language
from gridplan.tables.words import say

if TYPE_CHECKING:
    import folium

UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Reel:
    """One strip of frames over the sub-grids of a plan, with its words in the page's language.

    Parameters
    ----------
    name
        What it is of, such as a scenario; shown in the page's chooser.
    steps
        Label of each frame, such as "Mon 08:00", "2031" or "45 min".
    classes
        Label and colour (#rrggbb) of each class, in order; everybody can
        distinguish colours that differ in lightness.
    frames
        int8[steps, n], the class of each sub-grid; -1: nothing known.
    note
        One line under the legend: units, source, that figures are simulated.
    group
        What it shows; reels of one group share a chooser.
    blank
        What a sub-grid without a class is; empty: nothing known of it.

    Raises
    ------
    ValueError
        If the frames fit neither steps nor classes.

    Examples
    --------
    >>> classes = (("calm", "#f7ecd0"), ("busy", "#7d2a2b"))
    >>> Reel("base", ("08:00", "09:00"), classes, np.zeros((2, 5), np.int8)).name
    'base'
    """

    name: str
    steps: tuple[str, ...]
    classes: tuple[tuple[str, str], ...]
    frames: Ints
    note: str = ""
    group: str = ""
    blank: str = ""

    def __post_init__(self) -> None:
        """Refuse frames that the page could not show."""
        frames = self.frames
        if (
            frames.dtype != np.int8
            or frames.ndim != 2
            or not self.steps
            or len(frames) != len(self.steps)
        ):
            raise ValueError(
                f"frames of {self.name!r} must be int8[{len(self.steps)} steps, sub-grids], "
                f"not {frames.dtype}{list(frames.shape)}"
            )
        if frames.size and not UNKNOWN <= int(frames.min()) <= int(frames.max()) < len(
            self.classes
        ):
            raise ValueError(
                f"frames of {self.name!r} must be classes from 0 to {len(self.classes) - 1}, or -1"
            )


def grade(values: Any, edges: Sequence[float]) -> Ints:
    """Grade figures into classes between edges; NaN: nothing known.

    A figure on an edge is in the class above it.

    Returns
    -------
    int8, of the same shape.

    Examples
    --------
    >>> grade([0.0, 1.0, 7.5, np.nan], (1.0, 5.0)).tolist()
    [0, 1, 2, -1]
    """
    figures = np.asarray(values, float)
    return np.where(
        np.isnan(figures), UNKNOWN, np.searchsorted(edges, figures, side="right")
    ).astype(np.int8)


def label_classes(edges: Sequence[str], lang: Language = "en") -> tuple[str, ...]:
    """Label classes between edges.

    Examples
    --------
    >>> label_classes(("1", "5"))
    ('under 1', '1 to 5', '5 or more')
    """
    between = [say("between", lang, low=low, high=high) for low, high in pairwise(edges)]
    return (say("under", lang, high=edges[0]), *between, say("over", lang, low=edges[-1]))


def draw_reels(
    plan: Plan,
    subgrids: Any,
    reels: Sequence[Reel],
    *,
    lang: Language = "en",
    layers: Literal["auto", "classes", "tiles"] = "auto",
    base_map: bool = False,
    title: str | None = None,
) -> folium.Map:
    """Draw figures that change with time as a map with a slider.

    A button plays the frames; the legend counts the sub-grids of each class; a
    click on a sub-grid shows its class through all steps. Changing the reel
    keeps the step, so that scenarios can be compared.

    Parameters
    ----------
    plan
        The plan; its site's buildings, streets and barriers are drawn too.
    subgrids
        Codes of the sub-grids that the frames are of, in their order. Of
        others nothing is known.
    reels
        One or several.
    lang, layers, base_map, title
        As :func:`gridplan.draw_map` takes them.

    Returns
    -------
    A folium map; :func:`gridplan.write_map` writes it as one page that opens
    without a network.

    Raises
    ------
    ValueError
        If ``lang`` or ``layers`` is another word, or there is no reel, or
        frames are of another number of sub-grids.
    PlanError
        If the plan is a release, or lacks some of the sub-grids.
    """
    check_choices(lang, layers)
    if plan.is_release:
        raise PlanError(
            "what is simulated is no figure for release -> draw it over the working plan"
        )
    pack = pack_reels(plan, subgrids, reels)
    sheet = compose_sheet(plan, lang)
    tiled = choose_tiles(plan, layers)
    heading = choose_title(plan, lang, "reel_title") if title is None else title
    config = compose_config(plan, sheet, lang, heading, base_map)
    # The map's name comes from its config: two maps of one plan on one page must differ.
    config["reels"] = hashlib.sha256(pack.encode()).hexdigest()[:8]
    # The script writes the key of a reel's classes; only exclusive grids come from here.
    config["keys"] |= {
        "reel": [key for key in config["keys"]["band"] if key[2] == say("exclusive", lang)]
    }
    if not tiled:
        config |= {"records": sheet.records, "communities": sheet.community_records}
    plan_map = open_map(config, sheet, lang, base_map)
    put(plan_map, make_stage(config, tiled, ("reels.js",)))
    add_views(plan_map, lang, ("reel", "households", "band", "colours"), "reel")
    (add_tiled_layers if tiled else add_class_layers)(plan_map, sheet, lang)
    place = f"gridplan-reels-{plan_map._id}"
    body = f'<script type="text/plain" id="{place}">{pack}</script>'
    put(plan_map, make_statement(f'loadReels("{place}")', body))
    finish_map(plan_map, lang, tiled)
    return plan_map


def check_codes(plan: Plan, codes: pd.Index[str], what: str) -> pd.Index[str]:
    """Return the codes of sub-grids; refuse those that the plan does not know.

    ``what`` is what was done with them, such as "simulated".
    """
    missing = codes.difference(plan.subgrids.index)
    if len(missing):
        raise PlanError(
            f"{len(missing):,} sub-grids that were {what} are not in the plan "
            f"-> draw over the plan that was {what}"
        )
    return codes


def pack_reels(plan: Plan, subgrids: Any, reels: Sequence[Reel]) -> str:
    """Pack reels as the page's script reads them: a head, then the frames, sub-grid by sub-grid."""
    index = pd.Index(subgrids)
    if not reels:
        raise ValueError("give at least one reel")
    wrong = [reel.name for reel in reels if reel.frames.shape[1] != len(index)]
    if wrong:
        raise ValueError(f"frames must be of {len(index)} sub-grids; not so: {', '.join(wrong)}")
    unknown = index.difference(plan.subgrids.index)
    if len(unknown) or not index.is_unique:
        what = (
            f"lacks {len(unknown):,} sub-grids{quote_ids(list(unknown))}"
            if len(unknown)
            else "has each sub-grid once only"
        )
        raise PlanError(f"the plan {what} -> draw over the plan that was simulated")
    column = index.get_indexer(plan.subgrids.index)
    heads = []
    bodies = []
    offset = 0
    for reel in reels:
        # By sub-grid, then by step: what does not change compresses best that way.
        frames = np.full((len(column), len(reel.steps)), UNKNOWN, np.int8)
        frames[column >= 0] = reel.frames.T[column[column >= 0]]
        bodies.append(frames.tobytes())
        words = {
            name: getattr(reel, name)
            for name in ("name", "group", "steps", "classes", "note", "blank")
        }
        heads.append({**words, "at": offset})
        offset += len(bodies[-1])
    return pack_stream({"reels": heads}, b"".join(bodies))
