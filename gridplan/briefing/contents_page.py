"""The contents of a pack: a page that opens offline, and the same as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from gridplan.briefing.fact_tables import list_missing as list_figures_missing
from gridplan.briefing.facts import Facts
from gridplan.briefing.pack import Pack, PackFile
from gridplan.briefing.pack_maps import WALL
from gridplan.briefing.page.elements import escape, write_missing, write_picture, write_whole_page
from gridplan.briefing.page.page_maps import draw_page_map
from gridplan.briefing.page.style import read_style
from gridplan.briefing.request import BriefingRequest
from gridplan.publishing.place_and_date import find_date, name_land, write_date
from gridplan.tables.csv_text import MARK
from gridplan.tables.schema import Language
from gridplan.tables.translations import translate
from gridplan.tables.words import say

INDEX = "index.html"
DPI = 72  # of maps shown small


def write_contents(facts: Facts, request: BriefingRequest, pack: Pack) -> dict[str, bytes]:
    """Write the contents page of a pack, and its notes as plain text, by the names of files.

    Examples
    --------
    >>> from gridplan.briefing.facts import collect_facts
    >>> from gridplan.briefing.pack import make_pack
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> facts = collect_facts(release(make_board_plan()))
    >>> request = BriefingRequest(lang="en")
    >>> sorted(write_contents(facts, request, make_pack(facts, request, ["csv"])))
    ['index.html', 'readme.txt']
    """
    lang = request.lang
    title = request.title or name_pack(facts, lang)
    missing = list_missing(facts, request, pack)
    body = [
        *_write_title(facts, request, title),
        f"<h2>{say('pack.contents', lang)}</h2>",
        _write_files(pack, lang),
        *_write_thumbnails(facts, request, pack),
        *([f"<h2>{say('pack.missing', lang)}</h2>", write_missing(missing)] if missing else []),
        "<ul>",
        *(f"<li>{escape(note)}</li>" for note in say("pack.notes", lang).split("|")),
        "</ul>",
        f'<p class="stamp">{escape(facts.brief.stamp[lang])}</p>',
    ]
    page = write_whole_page(lang, title, read_style("contents"), body)
    text = _write_text(facts, request, pack, title, missing)
    return {INDEX: page, say("pack.file_notes", lang): text}


def write_list_of_packs(
    title: str, lang: Language, packs: Mapping[str, tuple[str, Pack]], stamp: str
) -> bytes:
    """Write the page that leads to several packs: folder -> the name shown, and its pack."""
    rows = "".join(
        f'<tr><td><a href="{quote(folder)}/{INDEX}">{escape(name)}</a></td>'
        f'<td class="n">{len(pack.files)}</td>'
        f'<td class="n">{say_size(sum(len(file.content) for file in pack.files))}</td></tr>'
        for folder, (name, pack) in packs.items()
    )
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<h2>{say('pack.bodies', lang)}</h2>",
        _write_rows(say("pack.bodies_columns", lang), 1, rows),
        f'<p class="stamp">{escape(stamp)}</p>',
    ]
    return write_whole_page(lang, title, read_style("contents"), body)


def name_pack(facts: Facts, lang: Language) -> str:
    """Name a pack by the land that it is of."""
    place = name_land(facts.plan, lang)
    return say("pack.title", lang, place=place) if place else say("pack.title_plain", lang)


def list_missing(facts: Facts, request: BriefingRequest, pack: Pack) -> list[str]:
    """List what a pack lacks: products that were not written, and figures that are not known."""
    lang = request.lang
    lines = [
        say(
            "pack.not_written",
            lang,
            name=say(f"pack.name_{failure.product}", lang),
            why=translate(failure.why) if lang == "zh" else failure.why,
        )
        for failure in pack.failures
    ]
    needs = list_figures_missing(facts, lang).itertuples(index=False, name=None)
    return lines + [say("pack.needed", lang, fact=fact, need=need) for fact, need in needs]


def say_size(size: int) -> str:
    """Say how large a file is.

    Examples
    --------
    >>> say_size(820), say_size(48_200), say_size(2_450_000)
    ('1 KB', '49 KB', '2.5 MB')
    """
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{-(-size // 1000)} KB"


def say_pages(file: PackFile, lang: Language) -> str:
    """Say how many pages, slides or sheets a file has; empty where nobody can count."""
    if not file.pages:
        return ""
    words = {"pptx": "slides", "xlsx": "sheets"}
    if file.pages == 1 and file.product not in words:
        return say("pack.page", lang)
    return say(f"pack.{words.get(file.product, 'pages')}", lang, count=file.pages)


def _write_title(facts: Facts, request: BriefingRequest, title: str) -> list[str]:
    lang = request.lang
    blank = say("sheet.blank", lang)
    day = request.date or find_date(facts.plan)
    under = say(
        "pack.office_day",
        lang,
        office=request.office or blank,
        date=write_date(day, lang) if day else blank,
    )
    return [f"<h1>{escape(title)}</h1>", f'<p class="under">{escape(under)}</p>']


def _say_purpose(file: PackFile, lang: Language) -> str:
    """Say what a file is for; of maps, which views it has."""
    text = say(f"pack.for_{file.product}", lang, paper=WALL)
    between = "、" if lang == "zh" else ", "
    views = between.join(say(f"page.view_{view}", lang) for view in file.views)
    return text if not views else f"{text}（{views}）" if lang == "zh" else f"{text} ({views})"


def _write_files(pack: Pack, lang: Language) -> str:
    """Write the table of files."""
    rows = "".join(
        f'<tr><td><a href="{quote(file.name)}">{escape(file.name)}</a></td>'
        f"<td>{escape(_say_purpose(file, lang))}</td>"
        f'<td class="n">{say_pages(file, lang)}</td>'
        f'<td class="n">{say_size(len(file.content))}</td></tr>'
        for file in pack.files
    )
    return _write_rows(say("pack.columns", lang), 2, rows)


def _write_rows(heads: str, texts: int, rows: str) -> str:
    """Write rows under their heads, the first of which are of texts, the others of numbers."""
    kinds = ["" if n < texts else ' class="n"' for n in range(len(heads.split("|")))]
    head = "".join(
        f"<th{kind}>{name}</th>" for name, kind in zip(heads.split("|"), kinds, strict=True)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _write_thumbnails(facts: Facts, request: BriefingRequest, pack: Pack) -> list[str]:
    """Draw the maps of the pack small; none where they were not written."""
    views = [view for file in pack.files for view in file.views]
    if not views:
        return []
    lang = request.lang
    pictures = []
    for view in views:
        drawn = draw_page_map(facts, request, view, DPI)
        if isinstance(drawn, bytes):
            pictures.append(write_picture(drawn, say(f"page.view_{view}", lang)))
    return [f"<h2>{say('pack.maps', lang)}</h2>", '<div class="sheets">', *pictures, "</div>"]


def _write_text(
    facts: Facts, request: BriefingRequest, pack: Pack, title: str, missing: Sequence[str]
) -> bytes:
    """Write the contents as plain text that Windows opens in the right letters."""
    lang = request.lang
    lines = [title, "", say("pack.contents", lang)]
    for file in pack.files:
        pages = say_pages(file, lang)
        size = ", ".join(filter(None, [pages, say_size(len(file.content))]))
        lines.append(f"  {file.name}  {_say_purpose(file, lang)}  [{size}]")
    if missing:
        lines += ["", say("pack.missing", lang), *(f"  {line}" for line in missing)]
    lines += ["", *say("pack.notes", lang).split("|"), "", facts.brief.stamp[lang], ""]
    return (MARK + "\r\n".join(lines)).encode()
