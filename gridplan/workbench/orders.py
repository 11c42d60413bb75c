"""What is asked for when something is taken away, and how it is named and stamped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gridplan.tables.schema import Language
from gridplan.tables.words import say


@dataclass(frozen=True)
class Order:
    """What is asked for: the kind, the plan's name, the language, and what the screen shows.

    ``draft`` is the number of the newest change where it is not saved, else 0.
    """

    what: str
    name: str
    lang: Language
    draft: int = 0
    time: str = ""
    office: str = ""
    view: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stamp(self) -> str:
        """What says on every sheet that its state is not saved; empty where it is.

        Examples
        --------
        >>> Order("map", "town", "en", 123).stamp
        'draft, change 123, not saved'
        """
        return say("studio.draft_stamp", self.lang, number=self.draft) if self.draft else ""

    @property
    def title(self) -> str:
        """The title of pages and sheets, with the stamp."""
        title = str(self.view.get("title") or self.name)
        return f"{title} · {self.stamp}" if self.draft else title

    def name_file(self, ending: str, part: str = "") -> str:
        """Name a file by the plan, what it is, and the change where that is not saved.

        Examples
        --------
        >>> Order("map", "town", "en", 7).name_file(".html", "map")
        'town-map-draft-7.html'
        """
        draft = f"draft-{self.draft}" if self.draft else ""
        return "-".join(filter(None, (self.name, part, draft))) + ending
