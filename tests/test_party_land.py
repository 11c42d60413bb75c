"""The land of branches and groups, on a board whose houses each have the same land."""

import numpy as np
import pandas as pd

from gridplan.auditing.evidence import Evidence
from gridplan.auditing.party_land_again import check_party_land
from gridplan.maps.legend import list_keys
from gridplan.maps.map_shapes import compose_sheet
from gridplan.maps.party_view import add_party
from gridplan.people.organisation.organise_plan import list_shared
from gridplan.people.organisation.party_land import draw_party_land
from gridplan.synthetic.board_plan import make_table
from gridplan.synthetic.people_plan import make_people_plan


def make_shared_plan():
    """Make the board with one branch on its three western columns but for the lowest corner."""
    plan = make_people_plan()
    codes = plan.members.index
    east = {f"h{n:02d}-1" for n in (4, 5, 6, 10, 11, 12, 3)}
    branch = np.where(codes.isin(east), "0301-B02", "0301-B01")
    members = plan.members.assign(branch=branch, group=pd.Series(branch, codes) + "-G01")
    rows = []
    for code in ("0301-B01", "0301-B02"):
        full = int(members.loc[members["branch"] == code, "full"].sum())
        row = {"community": "0301", "full": full, "name": code, "households": 10 * full}
        rows.append(row | {"org": code, "level": "branch", "subgrid_count": 2 - (code[-1] == "1")})
        rows.append(
            row
            | {"org": f"{code}-G01", "level": "group", "parent": code}
            | {"subgrid_count": rows[-1]["subgrid_count"]}
        )
    return plan.replace(
        members=members,
        party_orgs=make_table("party_orgs", rows).sort_index(),
        manifest={**plan.manifest, "people": {"organise": {}}},
    )


def test_a_subgrid_in_two_branches_is_cut_between_their_doors():
    plan = make_shared_plan()
    plan = plan.replace(**draw_party_land(plan))
    # Houses stand 30 m apart on a board of 180 by 60 m: five of them in the west, seven in the
    # east, and 900 m2 for each.
    assert plan.branches.area.round().tolist() == [4500.0, 6300.0]
    assert plan.branches["shared"].tolist() == [1, 1]
    assert plan.groups["branch"].tolist() == ["0301-B01", "0301-B02"]
    assert list_shared(plan.members).to_dict() == {"0301-001": 2}
    findings = check_party_land(Evidence(plan, plan.rules))
    assert findings[["severity", "ids"]].values.tolist() == [["note", "0301-001"]]


def test_the_audit_finds_land_that_is_not_a_branchs():
    plan = make_shared_plan()
    plan = plan.replace(**draw_party_land(plan))
    swapped = plan.branches.set_geometry(plan.branches.geometry.to_numpy()[::-1])
    for changed in (
        plan.replace(branches=plan.branches.iloc[:1]),
        plan.replace(branches=swapped),
        plan.replace(branches=plan.branches.assign(shared=0)),
        plan.replace(branches=plan.branches.set_geometry(plan.branches.geometry.buffer(10))),
    ):
        findings = check_party_land(Evidence(changed, plan.rules))
        assert (findings["severity"] == "error").any()


def test_the_map_colours_by_branch_and_tells_centres_from_central_households():
    plan = make_shared_plan()
    host = {"post": "0301-001-H1", "role": "central_household", "community": "0301"}
    host |= {"subgrid": "0301-001", "stairwell": "h01-1", "filled": True}
    plan = plan.replace(**draw_party_land(plan), posts=make_table("posts", [host]))
    sheet = add_party(plan, compose_sheet(plan), "zh")
    assert len(set(sheet.records["branch"])) == 2
    assert [len(points) for points in sheet.records["hosts"]] == [1, 0]
    assert sheet.records["notes"][0][0].startswith("跨2个党支部：")
    for lang in ("zh", "en"):
        signs = {sign: word for sign, _, word in list_keys(plan, sheet, lang)["always"]}
        assert signs["centre"] != signs["host"]
