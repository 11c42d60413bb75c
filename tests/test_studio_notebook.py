"""The studio in a notebook: a frame of the local server, read back, and closed."""

import json
import urllib.error
import urllib.request

import pytest

import gridplan as gp
from gridplan.errors import PlanBusyError, PlanError
from gridplan.storage import write_plan
from gridplan.synthetic import make_board_plan


def ask(opened, **message):
    address, _, token = opened.link.partition("/#")
    request = urllib.request.Request(
        f"{address}/ask", json.dumps(message).encode(), {"x-token": token, "origin": address}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_a_plan_in_memory_is_changed_saved_and_read_back():
    opened = gp.studio(make_board_plan())
    try:
        seen = {"h03-1": "0301-001"}
        line = "move building h03 to 0301-002"
        assert ask(opened, kind="do", id="a", lines=[line], seen=seen)["kind"] == "accepted"
        assert opened.plan.stairwells.loc["h03-1", "subgrid"] == "0301-001"
        assert ask(opened, kind="save")["kind"] == "saved"
        assert opened.plan.stairwells.loc["h03-1", "subgrid"] == "0301-002"
        page = opened._repr_html_()
        # The frame, and the link for where frames are refused.
        assert page.count(opened.link) == 2
        assert "<iframe" in page
        with urllib.request.urlopen(opened.link.partition("#")[0], timeout=30) as answer:
            policy = answer.headers["content-security-policy"]
        assert "frame-ancestors http://localhost:* http://127.0.0.1:*" in policy
    finally:
        opened.close()
    with pytest.raises(urllib.error.URLError):
        ask(opened, kind="hello")
    assert "closed" in repr(opened)
    # What was saved can still be read.
    assert opened.plan.stairwells.loc["h03-1", "subgrid"] == "0301-002"


def test_a_folder_is_opened_once_and_again_when_it_was_closed(tmp_path):
    folder = write_plan(make_board_plan(), tmp_path / "plan")
    opened = gp.studio(folder)
    with pytest.raises(PlanBusyError):
        gp.studio(folder)
    opened.close()
    again = gp.studio(str(folder))
    assert again.is_open
    again.close()


def test_what_is_no_plan_is_refused(tmp_path):
    with pytest.raises(PlanError, match="there is no plan"):
        gp.studio(tmp_path / "none")
    assert not (tmp_path / "none").exists()
