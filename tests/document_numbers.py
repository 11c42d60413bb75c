"""Documents read back: their texts, tables and charts, each number held against the facts.

Every check returns the faults it saw as texts, none where all is well.
"""

import io
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from gridplan.briefing.facts import list_facts

NUMBER = re.compile(r"(?<![\d.,])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|(?<![\d.])-?\d+(?:\.\d+)?")
ORDINALS = 31  # whole numbers up to here may count tables, pages, ranks and days
DECIMALS = 5
BLANKS = {"", "—", "–", "-", "…", "/"}


@dataclass
class Content:
    """What a document holds: texts, and tables as rows of cells, each with the place it is at."""

    texts: list = field(default_factory=list)
    tables: list = field(default_factory=list)


def read_document(path):
    """Read a document back: .docx, .pptx, .xlsx or .html."""
    content = Content()
    readers = {".docx": _read_docx, ".pptx": _read_pptx, ".xlsx": _read_xlsx, ".html": _read_html}
    readers[Path(path).suffix](path, content)
    return content


def _read_docx(path, content):
    from docx import Document

    document = Document(str(path))
    content.texts += [("text", p.text) for p in document.paragraphs if p.text.strip()]
    for number, table in enumerate(document.tables, 1):
        rows = [[cell.text for cell in row.cells] for row in table.rows]
        content.tables.append((f"table {number}", rows))
    for section in document.sections:
        for part in (section.header, section.footer):
            content.texts += [("margin", p.text) for p in part.paragraphs if p.text.strip()]


def _read_pptx(path, content):
    from pptx import Presentation

    for number, slide in enumerate(Presentation(str(path)).slides, 1):
        place = f"slide {number}"
        for shape in slide.shapes:
            if shape.has_text_frame and shape.text_frame.text.strip():
                content.texts.append((place, shape.text_frame.text))
            if getattr(shape, "has_table", False) and shape.has_table:
                rows = [[cell.text for cell in row.cells] for row in shape.table.rows]
                content.tables.append((place, rows))
            if getattr(shape, "has_chart", False) and shape.has_chart:
                _read_chart(shape.chart, f"{place}, chart", content)
        if slide.has_notes_slide:
            content.texts.append((f"{place}, notes", slide.notes_slide.notes_text_frame.text))


def _read_chart(chart, place, content):
    """Read what a chart draws, and what the workbook inside it holds."""
    rows = [["", *(str(c) for c in chart.plots[0].categories)]]
    rows += [[s.name, *s.values] for plot in chart.plots for s in plot.series]
    content.tables.append((place, rows))
    book = chart.part.chart_workbook.xlsx_part
    if book is not None:
        for name, sheet in _read_sheets(io.BytesIO(book.blob)):
            content.tables.append((f"{place}, workbook, {name}", sheet))


def _read_xlsx(path, content):
    content.tables += _read_sheets(path)


def _read_html(path, content):
    from lxml import html

    page = html.fromstring(Path(path).read_bytes())
    for hidden in page.xpath("//script | //style | //svg"):
        hidden.drop_tree()
    for number, table in enumerate(page.xpath("//table"), 1):
        rows = [[cell.text_content() for cell in row.xpath("./td | ./th")]
                for row in table.xpath(".//tr")]  # fmt: skip
        content.tables.append((f"table {number}", rows))
        table.drop_tree()
    content.texts += [("text", text) for text in page.xpath("//body//text()") if text.strip()]


def _read_sheets(source):
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_object(source if isinstance(source, io.BytesIO) else str(source))
    return [(n, book.get_sheet_by_name(n).to_python()) for n in book.sheet_names]


def read_number(cell):
    """Read a cell as a number and its decimals; None where it holds no single number.

    >>> read_number("约1,234户"), read_number("87.5%"), read_number("*")
    ((1234.0, 0), (87.5, 1), None)
    """
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, int | float):
        return (float(cell), None) if cell == cell else None
    hits = NUMBER.findall(str(cell))
    if len(hits) != 1:
        return None
    text = hits[0].replace(",", "")
    return float(text), len(text.partition(".")[2])


def agree(number, value):
    """Whether a number read from a document is a value, rounded as it is there.

    A share may be rounded down, so that 100.0 % is all.
    """
    read, decimals = number
    if decimals is not None and 0 <= value * 100 - read < 10**-decimals:
        return True
    for factor in (1.0, 100.0):
        true = value * factor
        room = 1e-6 * max(1.0, abs(true)) if decimals is None else 0.5 * 10**-decimals + 1e-9
        if abs(read - true) <= room:
            return True
    if decimals is None:  # a number of a sheet or chart may have been rounded before
        return any(abs(read - round(value * f, d)) < 1e-9 for f in (1, 100) for d in range(5))
    return False


def check_cells(content, facts, lang):
    """Whether each cell under the name of a fact, in the row of a body, says what the facts say.

    Returns the faults and how many cells were compared.
    """
    heads = {_squeeze(fact.name(lang)): key for key, fact in list_facts().items()}
    cells = facts.values.set_index(["level", "body", "fact"])[["value", "state"]]
    cells = cells[~cells.index.duplicated()]
    known = _index_bodies(facts)
    faults, compared = [], 0
    for place, rows, width in _list_both_ways(content.tables):
        columns, first = _find_heads(rows, heads)
        for row in rows[first:] if columns else ():
            bodies = _find_bodies(row[:width], known)
            for column, fact in columns.items():
                keys = [(*b, fact) for b in bodies if (*b, fact) in cells.index]
                if not keys or column >= len(row) or _squeeze(row[column]) in known:
                    continue  # a list of facts names the place beside each
                compared += 1
                blank = "chart" in place and row[column] in (None, "")  # no bar is drawn
                wrong = [not blank and _judge(row[column], *cells.loc[key]) for key in keys]
                if all(wrong):
                    faults.append(f"{place}: {fact} of {keys[0][1]}: {wrong[0]}")
    return faults, compared


def _list_both_ways(tables):
    """List each table as it is and with its rows as columns, as a slide may have it.

    The last says in how many of the first cells of a row its place may stand.
    """
    for place, rows in tables:
        yield place, rows, 4
        if rows and len({len(row) for row in rows}) == 1 and "chart" not in place:
            yield place, [list(column) for column in zip(*rows, strict=True)], 1


def _squeeze(text):
    return re.sub(r"\s+", "", str(text))


def _index_bodies(facts):
    """Index the bodies by code and by name; a name may belong to several."""
    known = {}
    for row in facts.bodies.itertuples():
        for word in {_squeeze(row.body), _squeeze(row.name)} - {""}:
            known.setdefault(word, []).append((row.level, row.body))
    return known


def _find_heads(rows, heads):
    """Find the row of heads that name facts; returns columns and the first row below."""
    for index, row in enumerate(rows[:8]):
        names = {i: _match_head(cell, heads) for i, cell in enumerate(row)}
        columns = {i: fact for i, fact in names.items() if fact}
        if len(columns) >= 2:
            return columns, index + 1
    return {}, 0


def _match_head(cell, heads):
    """Match a head with a fact: its name alone, or with a unit behind in brackets."""
    text = _squeeze(cell)
    plain = re.sub(r"[（(][^（）()]*[)）]$", "", text)
    return heads.get(text) or heads.get(plain)


def _find_bodies(row, known):
    """Find the body of a row by the first of its cells that is a code or a name."""
    for cell in row:
        text = _squeeze(cell)
        if text in known:
            return known[text]
    return []


def _judge(cell, value, state):
    """Judge a cell by the state of the fact; an empty text where it is right."""
    number = read_number(cell)
    text = "" if cell is None else str(cell).strip()
    if state in ("shown", "partial"):
        if number is None:
            return f"{cell!r} instead of {value:g}"
        return "" if agree(number, value) else f"{cell!r} instead of {value:g}"
    if number is not None:
        return f"{cell!r}, but it is {state}"
    if state == "suppressed" and "*" not in text:
        return f"{cell!r} instead of * for a suppressed value"
    return ""


def gather_pool(facts, sections, request=None):
    """Gather the numbers that a briefing may show, and the texts that may hold others."""
    values = [facts.values[c].to_numpy(float) for c in ("value", "part", "whole")]
    values += [facts.reach[c].to_numpy(float) for c in ("minutes", "reach", "served")]
    values += [facts.gaps["value"].to_numpy(float), facts.brief.figures["value"].to_numpy(float)]
    values += list(facts.brief.ratios.select_dtypes("number").to_numpy(float).T)
    plan = facts.plan
    for table, left_out in ((plan.subgrids, {"households"}), (plan.special_grids, set())):
        numeric = table.select_dtypes("number")
        values += [numeric[c].to_numpy(float) for c in numeric.columns if c not in left_out]
    if request is not None and request.before is not None:
        values += _compare(facts, request.before)
    if request is not None and request.simulation is not None:
        values += list(request.simulation.select_dtypes("number").to_numpy(float).T)
    texts = [*facts.brief.paragraphs.values(), *facts.brief.stamp.values()]
    texts += [str(band) for band in plan.subgrids["household_band"].unique()]
    for section in sections:
        texts += [section.title, section.finding, *section.sentences, *section.missing]
        for table in section.tables:
            texts += [table.caption, table.note, *table.columns]
            texts += [cell for row in table.rows for cell in row]
    if request is not None:
        texts += [request.date, request.issue, request.title, request.office, request.map_number]
    pool = np.concatenate(values)
    pool = pool[~np.isnan(pool)]
    return Pool(pool, texts)


def _compare(facts, before):
    """Take the values of the release before, and how much each changed."""
    key = ["level", "body", "fact"]
    both = facts.values.merge(before.values, on=key, suffixes=("", "_before"))
    old = before.values["value"].to_numpy(float)
    return [old, both["value"].to_numpy(float) - both["value_before"].to_numpy(float)]


class Pool:
    """Numbers that may stand in a document, by how many decimals they are shown with."""

    def __init__(self, values, texts):
        """Round the values in every way that a document may; keep the numbers of the texts."""
        self.written = {word.replace(",", "") for text in texts for word in NUMBER.findall(text)}
        both = np.unique(np.concatenate([values, values * 100]))
        shown = [np.concatenate([np.round(both, d), np.floor(both * 10**d + 0.5) / 10**d])
                 for d in range(DECIMALS)]  # fmt: skip
        self.rounded = [{round(float(v), d) for v in values} for d, values in enumerate(shown)]
        self.values = both

    def has(self, word):
        """Whether a number as it is written may stand in the document."""
        word = word.replace(",", "")
        value, decimals = float(word), len(word.partition(".")[2])
        if word in self.written or word.lstrip("-") in self.written:
            return True
        if decimals == 0 and 0 <= value <= ORDINALS:
            return True
        return decimals < DECIMALS and round(abs(value), decimals) in self.rounded[decimals]

    def has_value(self, value):
        """Whether a number of a sheet or chart may stand in the document."""
        if value == int(value) and self.has(str(int(value))):
            return True
        place = np.searchsorted(self.values, value)
        near = self.values[max(place - 1, 0) : place + 1]
        if len(near) and np.abs(near - value).min() <= 1e-6 * max(1.0, abs(value)):
            return True
        if any(f"{value * 100:.{d}f}" in self.written for d in (0, 1)):
            return True  # a share that a section says in percent
        if str(int(value * 100)) in self.written:
            return True  # the same, rounded down
        digits = repr(float(value))
        return len(digits.partition(".")[2]) < DECIMALS and self.has(digits)


def check_numbers(content, facts, pool):
    """Whether every number of a document is one of the facts or of the sections.

    Codes and names of bodies and grids are taken out first. Returns the faults
    and how many numbers were looked up.
    """
    words = _list_names(facts)
    faults, looked = [], 0
    cells = [(p, cell) for p, rows in content.tables for row in rows for cell in row]
    for place, cell in [*content.texts, *cells]:
        if isinstance(cell, int | float) and not isinstance(cell, bool):
            looked += 1
            if not pool.has_value(float(cell)):
                faults.append(f"{place}: {cell:g} is no fact")
            continue
        text = str(cell)
        if text in words:
            continue
        for word in NUMBER.findall(_take_names_out(text, words)):
            looked += 1
            if not pool.has(word):
                faults.append(f"{place}: {word} is no fact, in {text[:60]!r}")
    return faults, looked


def _list_names(facts):
    """List codes and names of grids and bodies, in which digits are no figures."""
    plan = facts.plan
    tables = (plan.subgrids, plan.special_grids, plan.site.communities)
    names = {str(code) for table in tables for code in table.index}
    names |= set(facts.bodies["body"].astype(str)) | set(facts.bodies["name"].astype(str))
    return names - {""}


def _take_names_out(text, words):
    """Take codes and names out of a text."""
    for word in re.findall(r"[0-9A-Za-z]+(?:-[0-9A-Za-z]+)+|\d{6,}", text):
        if word in words or word.partition("-")[0] in words:
            text = text.replace(word, " ")
    return text


def check_recoverable(facts):
    """Whether no small count that is suppressed is the rest of a total and its other parts.

    What is suppressed only to protect another may be the rest: it is not small.
    """
    smallest = facts.plan.rules.disclosure.smallest
    counts = [key for key, fact in list_facts().items() if fact.kind == "count"]
    table = facts.values[facts.values["fact"].isin(counts)]
    table = table.merge(facts.bodies[["level", "body", "above"]], on=["level", "body"])
    totals = table[table["state"] == "shown"].set_index(["fact", "body"])["value"]
    totals = totals[~totals.index.duplicated()]
    faults = []
    for (fact, level, above), parts in table.groupby(["fact", "level", "above"]):
        hidden = int((parts["state"] == "suppressed").sum())
        whole = parts["state"].isin(["shown", "suppressed"]).all() and (fact, above) in totals.index
        rest = totals[fact, above] - parts["value"].sum() if whole else 0.0
        if hidden == 1 and 0 < rest < smallest:
            faults.append(f"{fact}: the one suppressed {level} of {above} is its rest")
    return faults


def list_wanted(content):
    """List the texts of a document that its pages must show: titles, heads and codes."""
    wanted = [text for place, text in content.texts if "notes" not in place]
    for place, rows in content.tables:
        if "chart" not in place:
            wanted += [cell for row in rows for cell in row if isinstance(cell, str)]
    # A blank to be filled in is a run of wide spaces, which a page need not keep.
    lines = [line for text in wanted for line in re.split(r"\n|\u3000{2,}", str(text))]
    return list(pd.unique(pd.Series([line for line in lines if line.strip()], dtype=object)))
