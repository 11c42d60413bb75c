"""Opening the studio: one plan, one process, links that hold a token each."""

from __future__ import annotations

import socket
import ssl
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gridplan.engine.parallel_map import Progress, keep_silent
from gridplan.engine.reservation import reserve_folder
from gridplan.errors import InputError, MissingPackageError, PlanBusyError, PlanError, Problem
from gridplan.site import Site
from gridplan.storage.plan_folder import is_plan, read_plan
from gridplan.workbench.branches import Branch, keep_stranded
from gridplan.workbench.new_land import open_new_land
from gridplan.workbench.register import SeatRegister
from gridplan.workbench.seats import CHIEF, read_seats
from gridplan.workbench.segments import FOLDER
from gridplan.workbench.session import Session

HERE = "127.0.0.1"
ANYWHERE = ("0.0.0.0", "::", "")
SEATS = "seats.json"  # digests of the links of an office's seats


@dataclass(frozen=True)
class NewerLand:
    """Newer land for a plan: what reads it, the hashes of its files, and who hears how far it is.

    It is read anew each time, and what was begun on it is found by the hashes.
    """

    read: Callable[[], Site]
    files: Mapping[str, str]
    progress: Progress = keep_silent


@dataclass(frozen=True)
class Opened:
    """A studio that is ready to serve: its application, socket and the links of its seats.

    ``links`` are new; ``kept`` are the seats whose links of before still hold,
    ``revoked`` those that have none.
    """

    app: Any
    socket: socket.socket
    links: dict[str, str]
    lost: int
    stranded: Branch | None = None
    kept: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_open_to_readers: bool = False
    close: Callable[[], None] = lambda: None


def run_studio(
    folder: Path,
    *,
    port: int = 0,
    host: str = HERE,
    seats_file: Path | None = None,
    newer: NewerLand | None = None,
    tls: tuple[Path, Path] | None = None,
    new_links: bool = False,
    browser: bool = True,
    say: Callable[[str], None] = print,
) -> None:
    """Serve the studio of a plan until it is stopped with Ctrl-C.

    Parameters
    ----------
    folder
        The plan's folder.
    port
        A port of this machine; any that is free if 0.
    host
        The address of this machine under which its network reaches the studio.
    seats_file
        A CSV of the seats; the studio of one machine has one seat, the chief's.
    tls
        Files of a certificate and its key, so that the network cannot read along.
    new_links
        Give all seats new links, also where those of before still hold.
    newer
        Newer land, on which the plan is opened.
    browser
        Whether the page is opened in a browser.
    say
        Called with each line for the user.

    Raises
    ------
    PlanError
        If there is no working plan, or the port is taken.
    PlanBusyError
        If another studio has the plan open.
    MissingPackageError
        If the packages of the extra ``studio`` are not installed.
    """
    try:
        import starlette  # noqa: F401
        import uvicorn
    except ImportError as error:
        raise MissingPackageError(
            "the studio needs starlette, uvicorn and websockets -> pip install 'gridplan[studio]'"
        ) from error
    # Said before anything is made in a folder that is none.
    if not folder.is_dir():
        read_plan(folder)
    with ExitStack() as held:
        held.enter_context(_reserve(folder))
        opened = open_studio(
            folder,
            port=port,
            host=host,
            seats_file=seats_file,
            newer=newer,
            tls=tls,
            new_links=new_links,
        )
        held.callback(opened.close)
        for line in _describe(opened):
            say(line)
        if browser and opened.links and not _open_browser(next(iter(opened.links.values()))):
            say("note: no browser could be opened -> copy the link into one on this machine")
        cert, key = tls or (None, None)
        config = uvicorn.Config(
            opened.app,
            log_level="warning",
            lifespan="on",
            ws_max_size=1_000_000,
            server_header=False,
            timeout_graceful_shutdown=3,
            ssl_certfile=cert,
            ssl_keyfile=key,
        )
        uvicorn.Server(config).run(sockets=[opened.socket])


@contextmanager
def _reserve(folder: Path) -> Iterator[None]:
    """Keep a second studio from the plan."""
    with ExitStack() as held:
        try:
            held.enter_context(reserve_folder(folder / FOLDER))
        except PlanBusyError as error:
            who = str(error).partition(" by ")[2].partition(" -> ")[0]
            raise PlanBusyError(
                f"the plan in {folder} is open in another studio, {who} -> work in the page of "
                "that one, or stop it with Ctrl-C and open the plan again"
            ) from error
        yield


def _open_browser(link: str) -> bool:
    try:
        return webbrowser.open(link)
    except webbrowser.Error:
        return False


def open_studio(
    folder: Path,
    *,
    port: int = 0,
    host: str = HERE,
    seats_file: Path | None = None,
    newer: NewerLand | None = None,
    frames: tuple[str, ...] = (),
    tls: tuple[Path, Path] | None = None,
    new_links: bool = False,
) -> Opened:
    """Open a plan, and a port of this machine for it, without serving yet.

    ``frames`` are origins whose pages may show the studio in a frame.

    Raises
    ------
    InputError, PlanError
        As :func:`run_studio` raises them.
    """
    from gridplan.workbench.guard import list_hosts
    from gridplan.workbench.server import make_app

    if host in ANYWHERE:
        raise PlanError(
            f"{host} is every address of this machine -> give the one under which the office's "
            "network reaches it, such as 192.168.1.20, so that no other name leads here"
        )
    # Others need links of their own, or everybody would be chief.
    if host != HERE and seats_file is None:
        raise PlanError(
            f"{host} is reached by others -> say who sits where with --seats seats.csv, with the "
            "columns office, role (viewer, editor, chief) and communities"
        )
    scheme = "http" if tls is None else "https"
    if tls is not None:
        _check_tls(*tls)
    stranded = keep_stranded(folder) if is_plan(folder) else None
    with ExitStack() as opened:
        session = Session(folder)
        opened.callback(session.close)
        if newer is not None:
            open_new_land(session, newer.read, newer.files, newer.progress)
        known = session.desk.plan.site.communities.index
        seats = [CHIEF] if seats_file is None else read_seats(seats_file, set(known))
        place = opened.enter_context(_bind(host, port))
        number = place.getsockname()[1]
        address = f"{scheme}://{f'[{host}]' if ':' in host else host}:{number}"
        file = None if seats_file is None else folder / FOLDER / SEATS
        register = SeatRegister(seats, file, address)
        fresh = [seat.code for seat in seats if new_links or not register.knows(seat.code)]
        links = {code: f"{address}/#{register.issue(code)}" for code in fresh}
        close = opened.pop_all().close
    others = [seat.code for seat in seats if seat.code not in links]
    hosts = list_hosts({HERE, "localhost"} if host == HERE else {host}, number)
    session.warm_soon()
    return Opened(
        make_app(session, register, hosts, frames, scheme),
        place,
        links,
        session.lost,
        stranded,
        tuple(code for code in others if register.has_link(code)),
        tuple(code for code in others if not register.has_link(code)),
        _list_notes(session),
        is_open_to_readers=host != HERE and tls is None,
        close=close,
    )


def _list_notes(session: Session) -> tuple[str, ...]:
    """List what the plan lacks, with what cures it."""
    plan = session.desk.plan
    notes = []
    if plan.neighbours.empty and len(plan.stairwells) > len(plan.subgrids):
        notes.append(
            "note: this plan holds no neighbours, so what lies beside what is not known -> draw "
            "the plan again from its sources with gridplan plan, and open that"
        )
    return tuple(notes)


def _check_tls(cert: Path, key: Path) -> None:
    """Refuse a certificate and key that cannot be served with."""
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key)
    except OSError as error:
        remedy = "give the file of the certificate and that of its own key, both as PEM"
        message = f"{cert} and {key} cannot be served with: {error.strerror or error}"
        raise InputError(
            [Problem("tls", "the certificate has its key", message, remedy)]
        ) from error


def _bind(host: str, port: int) -> socket.socket:
    """Take a port of this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    place = socket.socket(family, socket.SOCK_STREAM)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        place.bind((host, port))
        # Whoever opens the link before the server runs waits, and is not refused.
        place.listen(128)
    except OSError as error:
        place.close()
        raise PlanError(
            f"{host}:{port} cannot be served: {error.strerror} -> give another port with --port, "
            "or leave it out for one that is free; the host is an address of this machine"
        ) from error
    return place


def _describe(opened: Opened) -> list[str]:
    """Say where the studio is, and what was found in its journal."""
    lines = [f"studio     {seat}: {link}" for seat, link in opened.links.items()]
    if opened.kept:
        lines.append(
            f"note: the links of before still hold for {', '.join(opened.kept)} -> where one is "
            "lost a chief gives a new one in the studio, or --new-links makes all of them new"
        )
    if opened.revoked:
        lines.append(
            f"note: no link holds for {', '.join(opened.revoked)}, as a chief revoked it -> a "
            "chief gives a new one in the studio"
        )
    if opened.is_open_to_readers:
        lines.append(
            "note: whoever can read the network's traffic can read along -> give --tls CERT KEY, "
            "or use it in a network that you trust"
        )
    lines += opened.notes
    if opened.lost:
        lines.append(
            f"note: {opened.lost:,} bytes at the end of the journal were half written when the "
            "machine stopped, and are kept in a file beside it; all accepted changes are here"
        )
    if find_spec("matplotlib") is None or find_spec("xlsxwriter") is None:
        lines.append(
            "note: printed sheets and sheets for Excel need the extra report "
            "-> pip install 'gridplan[report]'; all else works without it"
        )
    if opened.stranded:
        lines.append(
            "note: the plan was changed by another program while the studio had unsaved changes; "
            f"they are kept as the branch {opened.stranded.name!r}"
        )
    lines.append("stop       with Ctrl-C; every accepted change is on disk")
    return lines
