"""Maps as pictures of a page: their size, what they can show, and the legend clear of the land."""

import io

import numpy as np
import pandas as pd
import pytest
import shapely
from PIL import Image

from gridplan.errors import PlanError
from gridplan.plots.map_picture import compose_picture, draw_map_picture, list_views
from gridplan.plots.sheet.compose import compose_view
from gridplan.plots.sheet.request import SheetRequest
from gridplan.publishing.release_plan import release
from gridplan.synthetic import make_board_plan

pytest.importorskip("matplotlib")
PART_OF = [row * 4 + column // 3 + 1 for row in range(6) for column in range(12)]


@pytest.fixture(scope="module")
def plan():
    return make_board_plan(PART_OF, columns=12, rows=6)


def test_a_picture_has_the_size_asked_for_few_colours_and_the_same_bytes(plan):
    first = draw_map_picture(plan, "subgrids", 156, 90, dpi=100)
    assert first == draw_map_picture(plan, "subgrids", 156, 90, dpi=100)
    picture = Image.open(io.BytesIO(first))
    assert picture.size == (614, 354)
    assert picture.mode == "P"
    assert picture.info["dpi"] == pytest.approx((100, 100), abs=0.1)


@pytest.mark.parametrize("size", [(156.0, 60.0), (100.0, 160.0), (180.0, 135.0)])
def test_the_legend_covers_no_land_and_no_label(plan, size):
    made = compose_picture(plan, SheetRequest(enlarged=1.0), size, 60)
    key = made.layout.key
    box = shapely.box(key.x, key.y, key.x + key.width, key.y + key.height)
    frame = made.layout.map
    shift = (frame.x, frame.y)
    land = made.layout.window.to_paper(plan.subgrids.geometry.to_numpy())
    land = shapely.transform(land, lambda xy: xy + shift)
    assert not shapely.intersects(land, box).any()
    assert shapely.covers(shapely.box(0, 0, *size), land).all()
    for label in made.face.placed:
        assert not shapely.contains_xy(box, label.x + frame.x, label.y + frame.y)
    # The map is at least as large as it would be above a legend of half the picture.
    west, south, east, north = shapely.total_bounds(land)
    assert max((east - west) / size[0], (north - south) / size[1]) > 0.45


def test_the_views_listed_are_those_that_draw(plan):
    leaving = release(plan)
    assert "subgrids" in list_views(leaving)
    assert "households" in list_views(plan)
    assert "households" not in list_views(leaving)
    for view in list_views(leaving):
        assert draw_map_picture(leaving, view, 80, 60, dpi=50)
    with pytest.raises(PlanError, match="working plan"):
        draw_map_picture(leaving, "households", 80, 60, dpi=50)


def test_of_a_release_the_share_served_is_shown_by_community_and_what_is_withheld_is_not(plan):
    leaving = release(plan)
    assert "coverage" not in list_views(leaving)
    with pytest.raises(PlanError, match="gridplan reach"):
        draw_map_picture(leaving, "coverage", 80, 60, dpi=50)
    code = leaving.site.communities.index[0]
    columns = ["level", "of", "community", "measure", "value", "shown"]
    rows = [["community", code, code, "served:canteen:15", 0.629, True]]
    rows += [["community", code, code, "served:clinic:15", np.nan, False]]
    public = leaving.replace(published=pd.DataFrame(rows, columns=columns).rename_axis("row"))
    assert "coverage" in list_views(public)
    shown = compose_view(public, SheetRequest(view="coverage"))
    assert [caption.text for caption in shown.captions] == ["62%"]
    hidden = compose_view(public, SheetRequest(view="coverage", kind="clinic"))
    assert not hidden.captions
    assert "withheld" in [text for _, _, text in hidden.keys]
