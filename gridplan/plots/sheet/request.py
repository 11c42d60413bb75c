"""What a sheet is asked to show: one value, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import shapely

from gridplan.errors import ArgumentError
from gridplan.plan import Plan
from gridplan.plots.sheet.paper import ENLARGED, PAPERS
from gridplan.tables.level_indicators import place_bodies
from gridplan.tables.schema import Language

# What sub-grids are coloured by, and what is shown over them.
VIEWS = (
    *("subgrids", "households", "band", "chance", "walking", "coverage", "volunteers"),
    *("party", "change", "demonstration"),
)


@dataclass(frozen=True)
class SheetRequest:
    """What one sheet shows, and how.

    ``community`` is a code, empty for the whole plan; ``subdistrict`` the name of one in its
    place; ``box`` is west, south,
    east and north in the plan's metres, None for all of the land. ``before``
    is the plan before (view ``change``), ``kind`` a kind of service point (view
    ``coverage``). ``scale`` is None for the largest that fits. ``map_number`` is
    the number of a map's approval, which is never made up. ``number`` and
    ``of`` count the sheets of a set. ``enlarged`` is how much larger text is than on
    A4, 0 for what suits the paper.
    """

    view: str = "subgrids"
    community: str = ""
    subdistrict: str = ""
    box: tuple[float, float, float, float] | None = None
    before: Plan | None = None
    kind: str | None = None
    paper: str = "A4"
    lang: Language = "en"
    office: str = ""
    title: str | None = None
    date: str = ""
    scale: int | None = None
    map_number: str = ""
    font: str = ""
    number: int = 1
    of: int = 1
    enlarged: float = 0.0

    def __post_init__(self) -> None:
        """Refuse words that no sheet knows, and a box that is none.

        Raises
        ------
        ArgumentError
            With what may be given instead.
        """
        if self.view not in VIEWS:
            raise ArgumentError(f"map: there is no view {self.view!r} -> one of {', '.join(VIEWS)}")
        if self.paper not in PAPERS:
            raise ArgumentError(
                f"map: there is no paper {self.paper!r} -> one of {', '.join(PAPERS)}"
            )
        if self.lang not in ("en", "zh"):
            raise ArgumentError(f'map: lang must be "en" or "zh", not {self.lang!r}')
        if self.box is not None and not (
            len(self.box) == 4 and self.box[0] < self.box[2] and self.box[1] < self.box[3]
        ):
            raise ArgumentError(
                f"map: {self.box} is no box -> give west, south, east and north in metres"
            )
        if self.community and self.subdistrict:
            raise ArgumentError("map: a community or a subdistrict -> give one of them")
        if self.scale is not None and not self.scale >= 1:
            raise ArgumentError(f"map: 1:{self.scale} is no scale -> such as 2000")
        if (self.view == "change") != (self.before is not None):
            raise ArgumentError(
                "map: the view of changes and the plan before belong together -> give both"
            )

    @property
    def size(self) -> float:
        """How much larger text is than on A4."""
        return self.enlarged or ENLARGED[self.paper]


def list_chosen(plan: Plan, request: SheetRequest) -> list[str]:
    """List the codes of the communities that a sheet is of; none where it is of the whole plan."""
    if request.community:
        return [request.community]
    if not request.subdistrict:
        return []
    above = place_bodies(plan.site.communities)["subdistrict"]
    return sorted(above.index[(above == request.subdistrict).to_numpy(bool)].astype(str))


def find_home(plan: Plan, request: SheetRequest) -> Any:
    """Find the land in metres that a sheet is of; None where it is of the whole plan."""
    chosen = list_chosen(plan, request)
    return shapely.union_all(plan.site.communities.geometry.loc[chosen]) if chosen else None


def join_subdistricts(plan: Plan) -> list[tuple[str, Any]]:
    """Join the land of each subdistrict's communities: its name and shape, in order of names.

    Communities that name none stand for themselves, without a name.
    """
    table = plan.site.communities.sort_index()
    above = place_bodies(table)["subdistrict"].to_numpy(object)
    shapes = table.geometry.to_numpy()
    joined = [
        (str(name), shapely.union_all(shapes[above == name]))
        for name in sorted(set(above.tolist()) - {""})
    ]
    return [*joined, *(("", shape) for shape in shapes[above == ""])]


def check_community(plan: Plan, request: SheetRequest) -> None:
    """Refuse a community or subdistrict that a plan does not have.

    Raises
    ------
    ArgumentError
        With the codes that there are.
    """
    codes = plan.site.communities.index
    if request.community and request.community not in codes:
        some = ", ".join(codes[:5]) + (" ..." if len(codes) > 5 else "")
        raise ArgumentError(
            f"map: the plan has no community {request.community!r} -> one of {some}"
        )
    if request.subdistrict and not list_chosen(plan, request):
        names = sorted(set(place_bodies(plan.site.communities)["subdistrict"]) - {""})
        known = f"one of {', '.join(names[:8])}" if names else "it names none"
        raise ArgumentError(f"map: the plan has no subdistrict {request.subdistrict!r} -> {known}")
