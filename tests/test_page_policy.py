"""What pages of maps may do: run their own scripts by hash, and nothing that got in."""

import base64
import hashlib
from html.parser import HTMLParser

import folium
import pytest

from gridplan import draw_map, write_map
from gridplan.synthetic import make_board_plan
from tests.browser import Window, start_browser

INTRUDER = (
    "<script>document.title = 'intruded'</script>"
    '<img src="data:," onerror="document.title = \'intruded\'">'
)


class Elements(HTMLParser):
    """The texts of a page's scripts and styles, and its policy."""

    def __init__(self, page):
        super().__init__()
        self.texts = {"script": [], "style": []}
        self.inside = None
        self.policy = {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.inside = tag if tag in self.texts else None
        if self.inside:
            self.texts[tag].append("")
        if tag == "meta" and dict(attrs).get("http-equiv") == "Content-Security-Policy":
            parts = (part.split() for part in dict(attrs)["content"].split("; "))
            self.policy = {name: set(sources) for name, *sources in parts}

    def handle_data(self, data):
        if self.inside:
            self.texts[self.inside][-1] += data

    def handle_endtag(self, tag):
        self.inside = None


def hash_texts(texts):
    return {
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in texts
    }


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return write_map(draw_map(make_board_plan()), tmp_path_factory.mktemp("page") / "map.html")


def test_a_page_allows_its_own_scripts_and_styles_by_hash_and_nothing_else(page):
    elements = Elements(page.read_text(encoding="utf-8"))
    assert elements.policy["script-src"] == hash_texts(elements.texts["script"])
    assert elements.policy["style-src"] == hash_texts(elements.texts["style"])
    assert elements.policy["default-src"] == {"'none'"}


def test_a_script_that_a_user_added_is_allowed_by_its_hash(tmp_path):
    drawn = draw_map(make_board_plan())
    drawn.get_root().html.add_child(folium.Element("<script>window.added = 1</script>"))
    elements = Elements(write_map(drawn, tmp_path / "map.html").read_text(encoding="utf-8"))
    assert elements.policy["script-src"] >= hash_texts(["window.added = 1"])
    assert "'unsafe-inline'" not in elements.policy["script-src"]


@pytest.mark.browser
def test_a_script_that_got_into_the_page_is_not_run(page, tmp_path):
    spoilt = tmp_path / "spoilt.html"
    text = page.read_text(encoding="utf-8")
    spoilt.write_text(text.replace("<body>", f"<body>{INTRUDER}", 1), encoding="utf-8")
    driver = start_browser(tmp_path / "profile")
    try:
        window = Window(driver).open(spoilt)
        assert window.count("body > img") == 1
        assert driver.title != "intruded"
        refused = window.read_logs()[0]
        assert len(refused) == 2
        assert all("Content Security Policy" in line for line in refused)
    finally:
        driver.quit()


@pytest.mark.parametrize("layers", ["classes", "tiles"])
def test_a_name_that_is_a_template_is_never_computed(layers, tmp_path):
    plan = make_board_plan()
    name = "{{ 7 * 191 }}{% raw %}{# x"
    site = plan.site
    houses = site.buildings.assign(building_name=name)
    spoilt = plan.replace(communities=site.communities.assign(name=name), buildings=houses)
    drawn = draw_map(spoilt, title=name, layers=layers)
    page = write_map(drawn, tmp_path / "map.html").read_text(encoding="utf-8")
    assert "1337" not in page
    assert "7 * 191" in page
