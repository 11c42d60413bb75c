"""A map's page made self-contained: libraries inside, nothing to fetch, written in one step.

What folium links from the network is in ``assets`` with its licence. A
page that carries only gridplan's own layers needs Leaflet alone; as soon as
the user adds something of folium's, all of folium's libraries go in.
"""

from __future__ import annotations

import base64
import os
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridplan.engine.whole_files import draft_file
from gridplan.errors import InputError, OutputExistsError, Problem
from gridplan.maps.page_policy import add_policy

if TYPE_CHECKING:
    import folium

# What folium links -> the asset that replaces it; the last column: whether a
# page of gridplan's own layers needs it. Patterns allow for patch releases.
LIBRARIES: tuple[tuple[str, str, bool], ...] = (
    (r"leaflet@1\.9\.\d+/dist/leaflet\.js", "leaflet/leaflet.js", True),
    (r"leaflet@1\.9\.\d+/dist/leaflet\.css", "leaflet/leaflet.css", True),
    (r"jquery-3\.\d+\.\d+(\.slim)?(\.min)?\.js", "jquery/jquery.min.js", False),
    (
        r"bootstrap@5\.[\d.]+/dist/js/bootstrap\.bundle\.min\.js",
        "bootstrap/bootstrap.bundle.min.js",
        False,
    ),
    (r"bootstrap@5\.[\d.]+/dist/css/bootstrap\.min\.css", "bootstrap/bootstrap.min.css", False),
    (r"bootstrap-glyphicons\.css", "glyphicons/glyphicons.css", False),
    (r"fontawesome-free@6\.[\d.]+/css/all\.min\.css", "fontawesome/css/all.min.css", False),
    (r"leaflet\.awesome-markers\.js", "awesome-markers/leaflet.awesome-markers.js", False),
    (r"leaflet\.awesome-markers\.css", "awesome-markers/leaflet.awesome-markers.css", False),
    (r"leaflet\.awesome\.rotate(\.min)?\.css", "", False),
)
MEDIA = {".png": "image/png", ".woff2": "font/woff2"}

# What of a page would be fetched: links of folium's; sources in tags, but not
# <a href>, which is only followed; addresses in scripts; addresses in styles.
_LINK = re.compile(r'<script src="([^"]+)"></script>|<link rel="stylesheet" href="([^"]+)"\s*/?>')
_REMOTE_TAG = re.compile(
    r"""<(?!a\b)[a-z]+\b[^>]*?\s(?:src|href|data|poster)\s*=\s*["']?((?:https?:)?//[^"'\s>]+)""",
    re.IGNORECASE,
)
_REMOTE_TEXT = re.compile(r"""(?<![=\\\w])["'`]((?:https?:)?//[^"'`\s]+)["'`]""")
_REMOTE_STYLE = re.compile(
    r"""(?:url\(|@import\s+)\s*["']?((?:https?:)?//[^"')\s]+)""", re.IGNORECASE
)
# The names of SVG and the like look like addresses, and nobody fetches them.
_NAMESPACE = "http://www.w3.org/"


def read_asset(name: str) -> str:
    """Read one of the files that a page carries inside."""
    return files("gridplan.maps").joinpath("assets", *name.split("/")).read_text(encoding="utf-8")


def inline_libraries(page: str, all_of_folium: bool = True) -> str:
    """Put the libraries that folium links into the page; unknown links stay as they are.

    Parameters
    ----------
    page
        The page as folium renders it.
    all_of_folium
        Whether jQuery, Bootstrap, Font Awesome and Awesome Markers go in as
        well, or are left out.

    Examples
    --------
    >>> link = '<script src="https://code.jquery.com/jquery-3.7.1.min.js"></script>'
    >>> inline_libraries(link, all_of_folium=False)
    ''
    """

    def swap(match: re.Match[str]) -> str:
        url = match[1] or match[2]
        for pattern, asset, always in LIBRARIES:
            if re.search(pattern + "$", url):
                return _read_library(asset) if always or all_of_folium else ""
        return match[0]

    return _LINK.sub(swap, page)


@cache
def _read_library(asset: str) -> str:
    """Read a library as an element of the page, its images and fonts inside it."""
    if not asset:
        # The one style sheet that is all rule and no file: an icon turned by n degrees.
        rules = "".join(f".fa-rotate-{n}{{transform:rotate({n}deg)}}" for n in range(1, 360))
        return f"<style>{rules}</style>"
    # A source map would be one more request.
    text = re.sub(r"(//# sourceMappingURL=\S+|/\*# sourceMappingURL=.*?\*/)", "", read_asset(asset))
    if asset.endswith(".css"):
        return f"<style>{_inline_urls(text, asset)}</style>"
    if asset == "leaflet/leaflet.js":
        text += _make_default_icon()
    # A library may hold the end tag in a string, which would end the script there.
    return "<script>" + text.replace("</script", "<\\/script") + "</script>"


def _make_default_icon() -> str:
    """Write the statement by which Leaflet finds its default marker: inside the page."""
    names = {
        "iconUrl": "marker-icon",
        "iconRetinaUrl": "marker-icon-2x",
        "shadowUrl": "marker-shadow",
    }
    urls = ",".join(
        f'{key}:"{_encode_file("leaflet/images/" + name + ".png")}"' for key, name in names.items()
    )
    return f'\nL.Icon.Default.imagePath="";L.Icon.Default.mergeOptions({{{urls}}});'


def _inline_urls(css: str, asset: str) -> str:
    """Put images and fonts into a style sheet; fonts that are not in the assets are left out."""
    folder = asset.rsplit("/", 1)[0]

    def encode(match: re.Match[str]) -> str:
        path = os.path.normpath(f"{folder}/{match[1]}").replace(os.sep, "/")
        return f"url({_encode_file(path)})" if _has_asset(path) else match[0]

    css = re.sub(r"""url\(["']?(?!data:|#)([^"')]+)["']?\)""", encode, css)
    # Font Awesome offers each font twice; the old format is not in the assets.
    css = re.sub(r""",\s*url\(["']?\.\.?/[^)]*\)\s*format\("truetype"\)""", "", css)
    # What is still linked is a font of which no format is there.
    return re.sub(r"@font-face\s*\{[^{}]*?url\(\.\./[^{}]*\}", "", css)


def _has_asset(path: str) -> bool:
    return files("gridplan.maps").joinpath("assets", *path.split("/")).is_file()


def _encode_file(path: str) -> str:
    data = files("gridplan.maps").joinpath("assets", *path.split("/")).read_bytes()
    return f"data:{MEDIA[Path(path).suffix]};base64,{base64.b64encode(data).decode()}"


def write_map(map: folium.Map, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a map as one HTML page that opens without a network, and return its path.

    The page forbids itself any request, except for a base map's tiles when the
    map was drawn with ``base_map=True``.

    Raises
    ------
    OutputExistsError
        If the file is there and ``overwrite`` is not set.
    InputError
        If something that was added to the map would have to be fetched from
        the network; all such addresses are named.

    Examples
    --------
    >>> write_map(draw_map(plan), "plan.html")  # doctest: +SKIP
    PosixPath('plan.html')
    """
    target = Path(path)
    if target.exists() and not overwrite:
        raise OutputExistsError(f"{target} exists; write to another file or set overwrite")
    figure: Any = map.get_root()
    text, parts = render_parts(figure)
    page = figure.finish(text) if hasattr(figure, "finish") else inline_libraries(text)
    ours: frozenset[str] = getattr(figure, "ours", frozenset())
    # gridplan's own parts hold names from the data, which may look like addresses.
    remote = _find_linked(page) + [
        url for name, part in parts.items() if name not in ours for url in _find_remote(part)
    ]
    if remote:
        raise InputError([_name_remote(url) for url in dict.fromkeys(remote)])
    page = add_policy(
        page,
        online=bool(getattr(figure, "online", False)),
        extended=bool(getattr(figure, "is_extended", True)),
    )
    with draft_file(target) as draft:
        draft.write_text(page, encoding="utf-8", newline="\n")
    return target


def render_parts(figure: Any) -> tuple[str, dict[str, str]]:
    """Render a figure as HTML, and its parts one by one under the names of their elements.

    The figure is left as it was: folium adds to it whenever it renders it, so that a
    second rendering would hold some statements twice.
    """
    from branca.element import Figure

    sections = (figure.header, figure.html, figure.script)
    before = [section._children.copy() for section in sections]
    try:
        text = Figure.render(figure)
        named = [item for section in sections for item in section._children.items()]
        parts: dict[str, str] = {}
        for name, element in named:
            if not hasattr(element, "url"):  # a link shows in the page itself
                parts[name] = parts.get(name, "") + element.render()
    finally:
        for section, children in zip(sections, before, strict=True):
            section._children = children
    return text, parts


def _find_linked(page: str) -> list[str]:
    """Find the scripts, styles and pictures that the page's own tags link from the network."""
    tags = re.sub(
        r"(<script\b[^>]*>).*?</script>|<style\b[^>]*>.*?</style>",
        r"\1",
        page,
        flags=re.DOTALL | re.IGNORECASE,
    )
    return list(_REMOTE_TAG.findall(tags))


def _find_remote(text: str) -> list[str]:
    """Find addresses from which a piece of a page would fetch something, not links to follow.

    Examples
    --------
    >>> _find_remote("<a href='https://a.org'>x</a> <img src='https://b.org/i.png'>")
    ['https://b.org/i.png']
    >>> _find_remote("L.tileLayer('https://c.org/{z}')")
    ['https://c.org/{z}']
    """
    # HTML of a popup is an escaped string in the script.
    plain = (
        text.replace("\\u003c", "<")
        .replace("\\u003e", ">")
        .replace("\\u0027", "'")
        .replace("\\u0026", "&")
        .replace('\\"', '"')
    )
    urls = [
        url
        for pattern in (_REMOTE_TAG, _REMOTE_TEXT, _REMOTE_STYLE)
        for url in pattern.findall(plain)
    ]
    return [url for url in dict.fromkeys(urls) if not url.startswith(_NAMESPACE)]


def _name_remote(url: str) -> Problem:
    remedy = "take the plugin or layer off the map, or embed its file as a data: address"
    return Problem("map", "self-contained", f"the page would fetch {url}", remedy)
