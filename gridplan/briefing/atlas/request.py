"""What an atlas is asked to be: one value, which worker processes are given as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gridplan.plots.sheet.request import SheetRequest
from gridplan.tables.schema import Language


@dataclass(frozen=True)
class AtlasRequest:
    """How an atlas is made.

    ``title`` is that of the cover, ``communities`` are codes of those that have a
    sheet, all if empty; ``map_number`` is the number of the maps' approval.
    """

    lang: Language = "zh"
    paper: str = "A3"
    office: str = ""
    date: str = ""
    title: str = ""
    map_number: str = ""
    font: str = ""
    communities: tuple[str, ...] = ()

    def ask_sheet(self, **more: Any) -> SheetRequest:
        """Ask for one sheet of the atlas."""
        common: dict[str, Any] = {
            "lang": self.lang,
            "paper": self.paper,
            "office": self.office,
            "date": self.date,
            "map_number": self.map_number,
            "font": self.font,
        }
        return SheetRequest(**(common | more))
