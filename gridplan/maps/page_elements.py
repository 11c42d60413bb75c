"""The elements of a map's page, in folium's own terms."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from gridplan.maps.offline import inline_libraries, read_asset, render_parts

if TYPE_CHECKING:
    import folium
    from branca.element import Element

# What folium adds by itself at each rendering, under names that differ every time.
_PASSING = frozenset({"ElementAddToElement", "JavascriptLink", "CssLink"})
# Braces that begin something in a template.
_TEMPLATE = re.compile(r"\{(?=[{%#])")

_STAGE = """
{% macro header(this, kwargs) %}
    <style>{{ this.style }}</style>
    <script>{{ this.code }}</script>
{% endmacro %}
{% macro script(this, kwargs) %}
    gridplan.start({{ this._parent.get_name() }}, {{ this.config }});
{% endmacro %}
"""
_SWITCH = """
{% macro script(this, kwargs) %}
    var {{ this.get_name() }} = {{ this._parent.get_name() }}.gridplan.{{ this.call }};
{% endmacro %}
"""
_STATEMENT = """
{% macro html(this, kwargs) %}{{ this.body }}{% endmacro %}
{% macro script(this, kwargs) %}
    {{ this._parent.get_name() }}.gridplan.{{ this.call }};
{% endmacro %}
"""
# Layers that a user adds later come later in the script, so that the control
# waits for the next tick, when all of them are there.
_CONTROL = """
{% macro script(this, kwargs) %}
    setTimeout(function () {
        {{ this._parent.get_name() }}.gridplan.addLayers({
            {%- for key, name in this.base_layers.items() -%}
            {{ key|tojson }}: {{ name }},
            {%- endfor %}
        }, {
            {%- for key, name in this.overlays.items() -%}
            {{ key|tojson }}: {{ name }},
            {%- endfor %}
        });
    });
{% endmacro %}
"""


def quote_json(value: Any) -> str:
    r"""Write a value as JSON for inside a ``<script>``: it can neither end it nor start a tag.

    Examples
    --------
    >>> quote_json({"name": "</script>"})
    '{"name":"\\u003c/script\\u003e"}'
    >>> quote_json(["{{ 7 }}"])
    '["\\u007b{ 7 }}"]'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # folium reads what an element renders as a template once more: a name such as
    # {{ 7 * 7 }} would be computed. Braces of JSON itself are never followed by these.
    text = _TEMPLATE.sub("\\\\u007b", text)
    # The last two end a line in JavaScript, though not in JSON.
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def part_braces(text: str) -> str:
    r"""Part braces that a template would begin with by a letter that is not shown.

    For texts that folium's own elements write: see :func:`quote_json`.

    Examples
    --------
    >>> part_braces("{{ 7 }}")
    '{\u2060{ 7 }}'
    """
    return _TEMPLATE.sub("{\u2060", text)


@cache
def _load_page() -> type[Any]:
    """Define the kind of figure that holds a plan's map; folium is loaded here and not before."""
    from branca.element import Figure

    class Page(Figure):
        """A page with its libraries inside, whether shown in a notebook, saved or written."""

        def __init__(self, title: str, lang: str, online: bool) -> None:
            super().__init__(title=html.escape(title))
            self.lang = lang
            self.online = online
            self.ours: frozenset[str] = frozenset()  # names of the elements that gridplan put there

        def render(self, **kwargs: Any) -> str:
            """Render the page as HTML."""
            return self.finish(render_parts(self)[0])

        def finish(self, text: str) -> str:
            """Put the language and the libraries into the page.

            All of folium's libraries go in if the user added anything.
            """
            text = text.replace("<html>", f'<html lang="{self.lang}">', 1)
            return inline_libraries(text, all_of_folium=self.is_extended)

        @property
        def is_extended(self) -> bool:
            """Whether somebody added anything to what gridplan drew."""
            return any(element.get_name() not in self.ours for element in _walk(self))

    return Page


def make_map(title: str, lang: str, stamp: str, online: bool, **options: Any) -> folium.Map:
    """Make an empty map in a page of its own; ``stamp`` sets its names apart from another map's."""
    import folium

    plan_map = folium.Map(tiles=None, zoom_control=False, attribution_control=online, **options)
    plan_map._id = stamp
    _load_page()(title, lang, online).add_child(plan_map)
    return plan_map


def put(plan_map: folium.Map, element: Any, parent: Any = None) -> Any:
    """Add an element of gridplan's own to a map, under a name that is the same in every run."""
    # The count of elements so far makes the name unique without chance.
    count = len(list(_walk(plan_map)))
    for n, part in enumerate([element, *_walk(element)]):
        part._id = f"{plan_map._id}_{count + n}"
    (plan_map if parent is None else parent).add_child(element)
    return element


def seal(plan_map: folium.Map) -> None:
    """Remember on the page what is gridplan's own; whatever comes later is the user's."""
    page: Any = plan_map.get_root()
    page.ours = frozenset(element.get_name() for element in _walk(page))


def _walk(element: Any) -> Iterable[Element]:
    """List all elements below one, without those that folium adds by itself."""
    sections = [getattr(element, name, None) for name in ("header", "html", "script")]
    below = [
        child
        for part in (element, *sections)
        if hasattr(part, "_children")
        for child in part._children.values()
    ]
    for child in below:
        if type(child).__name__ not in _PASSING:
            yield child
        yield from _walk(child)


def make_stage(config: Any, tiled: bool, more: Sequence[str] = ()) -> Any:
    """Make the part that every page has: panes, tooltip, search, legend, tools.

    ``more`` are the scripts of further views.
    """
    # One function holds all scripts, so that none of their names can clash with
    # what a user adds to the page; only these few can be seen from outside.
    names = ("stage.js", "pointer.js", "marks.js", "controls.js", "buildings.js", "pack.js", *more)
    scripts = "\n".join(read_asset(name) for name in names)
    seen = "{ start, make, Stage, unpack, readFeatures }"
    code = f'window.gridplan = (function () {{ "use strict";\n{scripts}\nreturn {seen}; }})();\n'
    if tiled:
        code += read_asset("geojson-vt/geojson-vt.js") + "\n" + read_asset("tiles.js")
    return _make_macro(
        "Stage", _STAGE, config=quote_json(config), style=read_asset("page.css"), code=code
    )


def make_statement(call: str, body: str = "") -> Any:
    """Make a statement to the page's own script, with HTML that it needs."""
    return _make_macro("Statement", _STATEMENT, call=call, body=body)


def make_switch(name: str, call: str, overlay: bool = True, show: bool = True) -> Any:
    """Make a layer of the layer control that the page's own script draws."""
    from folium.map import Layer

    layer = Layer(name=name, overlay=overlay, show=show)
    return _shape(layer, "Switch", _SWITCH, call=call)


def make_layer_control() -> Any:
    """Make the layer control; it lists all layers of the map, those that a user adds later too."""
    import folium

    return _shape(folium.LayerControl(), "LayerControl", _CONTROL)


def _make_macro(name: str, template: str, **values: Any) -> Any:
    from branca.element import MacroElement

    element: Any = MacroElement()  # type: ignore[no-untyped-call]
    return _shape(element, name, template, **values)


def _shape(element: Any, name: str, template: str, **values: Any) -> Any:
    """Give an element its template and the values that the template takes."""
    from folium.template import Template

    element._name = name
    # A copy of an element is made by pickling, which drops the template but keeps its text.
    element._template_str = template
    element._template = Template(template)
    for key, value in values.items():
        setattr(element, key, value)
    return element
