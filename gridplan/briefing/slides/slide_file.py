"""A briefing as slides: ten of them, 16:9, with charts and tables that can be edited."""

from __future__ import annotations

import io
from typing import Any

from gridplan.briefing.containers import pack_again
from gridplan.briefing.facts import Facts
from gridplan.briefing.needed import need_package
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.slides.closing import add_changes, add_last, add_simulation
from gridplan.briefing.slides.contents import Contents, gather_contents
from gridplan.briefing.slides.deck import Deck
from gridplan.briefing.slides.master import LANG, make_deck
from gridplan.briefing.slides.opening import add_cover, add_map, add_overview
from gridplan.briefing.slides.parts import say_title
from gridplan.briefing.slides.people import add_organisation, add_staffing
from gridplan.briefing.slides.results import add_band, add_coverage, add_gaps
from gridplan.briefing.slides.template import open_template

_APPLICATION = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">'
    "<TotalTime>0</TotalTime><PresentationFormat>Widescreen</PresentationFormat>"
    "<Slides>{}</Slides></Properties>"
)


def write_slides(facts: Facts, request: BriefingRequest) -> bytes:
    """Write a briefing as a deck of slides (.pptx); returns its bytes.

    Each slide says in its title what was found and in its notes what is to be
    spoken. What has no data is a line on the last slide.

    Raises
    ------
    MissingPackageError
        If python-pptx is not installed, or no font here can draw the map.
    InputError
        If the template is broken or cannot be taken.

    Examples
    --------
    >>> from gridplan.briefing.facts import collect_facts
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> facts = collect_facts(release(make_board_plan()))
    >>> write_slides(facts, BriefingRequest(lang="en"))[:2]
    b'PK'
    """
    need_package("pptx", "python-pptx")
    return lay_out(facts, request, gather_contents(facts, request))


def lay_out(facts: Facts, request: BriefingRequest, contents: Contents) -> bytes:
    """Lay contents out as slides; returns the bytes of the file."""
    if request.template:
        presentation = open_template(request.template)
    else:
        presentation = make_deck(request.lang, request.font)
    deck = Deck(presentation, facts, request)
    add_cover(deck)
    for add in (
        *(add_overview, add_map, add_band, add_coverage, add_gaps),
        *(add_organisation, add_staffing, add_changes, add_simulation, add_last),
    ):
        add(deck, contents)
    deck.finish()
    _set_properties(presentation, deck)
    buffer = io.BytesIO()
    presentation.save(buffer)
    return pack_again(buffer.getvalue())


def _set_properties(presentation: Any, deck: Deck) -> None:
    """Set the properties of the file: title and office, and nobody's name."""
    properties = presentation.core_properties
    properties.title = say_title(deck)
    properties.author = deck.request.office
    properties.subject = deck.say("slides.subject")
    properties.language = LANG[deck.request.lang]
    properties.last_modified_by = ""
    properties.comments = properties.keywords = properties.category = ""
    properties.revision = 1
    rels = presentation.part.package._rels
    for key, rel in list(rels.items()):
        if rel.reltype.endswith("/extended-properties"):
            rel.target_part._blob = _APPLICATION.format(len(presentation.slides)).encode()
        elif rel.reltype.endswith(("/custom-properties", "/thumbnail")):
            rels.pop(key)  # of whoever made the template
