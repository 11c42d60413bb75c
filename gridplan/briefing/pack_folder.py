"""Packs on disk: one folder, or one for each body and language, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from gridplan.briefing.contents_page import INDEX, name_pack, write_contents, write_list_of_packs
from gridplan.briefing.cut_pack import Level, cut_facts, list_cut_bodies
from gridplan.briefing.facts import Facts
from gridplan.briefing.pack import PACK_PRODUCTS, Failure, Pack, make_pack
from gridplan.briefing.request import BriefingRequest
from gridplan.engine.open_documents import refuse_open_documents
from gridplan.engine.parallel_map import Progress, keep_silent
from gridplan.engine.placement import FileMoves, put_together
from gridplan.engine.reservation import LOCK_FILE
from gridplan.errors import OutputExistsError, PlanError
from gridplan.storage.plan_folder import is_plan
from gridplan.tables.words import say

_NO_NAME = '<>:"/\\|?*'  # what no name of a folder may hold on Windows
# Every name that a pack may give a file, in any language.
_NAMES = frozenset(
    [
        INDEX,
        *(
            say(f"pack.file_{product}", lang)
            for lang in ("zh", "en")
            for product in (*PACK_PRODUCTS, "notes")
        ),
    ]
)


@dataclass(frozen=True)
class PackOrder:
    """What packs are asked for: how, of which bodies, with which products.

    There is a pack for each of ``requests``, which differ by language, and for each
    body of ``level``; without it one of the whole.
    """

    requests: Sequence[BriefingRequest]
    level: Level | None = None
    products: Sequence[str] = PACK_PRODUCTS
    templates: Sequence[Path] = ()


def refuse_folder(folder: Path, overwrite: bool) -> None:
    """Refuse a folder that a pack would spoil; asked before the work.

    Raises
    ------
    OutputExistsError, UnwritableError
        If a file is in the way, a plan lies there, or something that only
        ``overwrite`` may replace, or that is open in another program.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputExistsError(f"{folder} is a file -> give a folder for the pack")
    if not folder.exists():
        return
    if is_plan(folder):
        raise OutputExistsError(
            f"{folder} holds a plan, which would be handed out with the pack -> give another folder"
        )
    present = sorted(entry.name for entry in folder.iterdir() if entry.name != LOCK_FILE)
    shown = [name for name in present if not name.startswith(".")]
    if shown and not overwrite:
        more = ", ..." if len(shown) > 3 else ""
        raise OutputExistsError(
            f"{folder} has {', '.join(shown[:3])}{more} already -> give another folder, "
            "or replace the pack with --overwrite"
        )
    refuse_open_documents(path for path in sorted(folder.rglob("*")) if path.name in _NAMES)


def write_packs(
    facts: Facts,
    order: PackOrder,
    folder: Path,
    overwrite: bool = False,
    progress: Progress = keep_silent,
) -> dict[str, Pack]:
    """Write the packs into a folder and return them by their folders within; "" is the folder.

    All are put in place at once when the last is made.

    Raises
    ------
    OutputExistsError, UnwritableError, PlanBusyError
        As :func:`refuse_folder`, or if another run writes there.
    PlanError
        If there is no such body, or not one product could be written.
    """
    refuse_folder(folder, overwrite)
    packs: dict[str, Pack] = {}
    names: dict[str, str] = {}

    def write(staging: Path) -> FileMoves:
        for place, name, cut, request in _list_parts(facts, order):
            pack = make_pack(cut, request, order.products, order.templates, progress)
            _require_files(pack)
            packs[place], names[place] = pack, name
            within = staging / place if place else staging
            within.mkdir(exist_ok=True)
            contents = {file.name: file.content for file in pack.files}
            progress("contents", 0, 1)
            for file, content in (contents | write_contents(cut, request, pack)).items():
                (within / file).write_bytes(content)
        if "" not in packs:
            lang = order.requests[0].lang
            listed = {place: (names[place], pack) for place, pack in packs.items()}
            stamp = facts.brief.stamp[lang]
            page = write_list_of_packs(name_pack(facts, lang), lang, listed, stamp)
            (staging / INDEX).write_bytes(page)
        puts = {path.name: path.name for path in sorted(staging.iterdir())}
        return FileMoves(puts, [name for name in _list_old(folder) if name not in puts])

    put_together(folder, write)
    return packs


def _list_parts(
    facts: Facts, order: PackOrder
) -> Iterator[tuple[str, str, Facts, BriefingRequest]]:
    """List the packs to make: folder within, the name shown, facts and request."""
    several = len(order.requests) > 1
    if order.level is None:
        for request in order.requests:
            yield request.lang if several else "", name_pack(facts, request.lang), facts, request
        return
    taken: set[str] = set()
    for body in list_cut_bodies(facts.plan, order.level):
        cut = cut_facts(facts, order.level, body)
        place = _name_folder(body, taken)
        for request in order.requests:
            before = _cut_before(request.before, order.level, body)
            # A simulation has figures of the city, which would be wrong for a body.
            asked = replace(request, before=before, simulation=None)
            yield f"{place}-{request.lang}" if several else place, body, cut, asked


def _cut_before(before: Facts | None, level: Level, body: str) -> Facts | None:
    """Cut the release before to the same body; none where it had no such body."""
    if before is None or body not in list_cut_bodies(before.plan, level):
        return None
    return cut_facts(before, level, body)


def _name_folder(body: str, taken: set[str]) -> str:
    """Name the folder of a body: its name without what no folder may hold, and no name twice."""
    plain = "".join("_" if letter in _NO_NAME or letter < " " else letter for letter in body)
    plain = plain.strip(" .") or "_"
    numbered = (f"{plain}-{n}" for n in range(2, len(taken) + 3))
    name = next(one for one in chain([plain], numbered) if one not in taken)
    taken.add(name)
    return name


def _require_files(pack: Pack) -> None:
    if not pack.files:
        why = "; ".join(f"{failure.product}: {failure.why}" for failure in pack.failures)
        raise PlanError(f"no product could be written: {why}")


def _list_old(folder: Path) -> list[str]:
    """List what an earlier pack left in a folder; files of other names are nobody's to remove."""
    return sorted(path.name for path in folder.iterdir() if _is_of_pack(path))


def _is_of_pack(path: Path) -> bool:
    """Whether a file, or everything in a folder, is of a pack."""
    if path.is_dir() and not path.name.startswith("."):
        inner = list(path.iterdir())
        return bool(inner) and all(one.is_file() and one.name in _NAMES for one in inner)
    return path.name in _NAMES


def list_failures(packs: Mapping[str, Pack]) -> list[tuple[str, Failure]]:
    """List what was not written, with the folder of its pack."""
    return [(place, failure) for place, pack in packs.items() for failure in pack.failures]
