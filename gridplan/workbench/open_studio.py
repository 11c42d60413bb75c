"""Opening the studio: one plan, one process, links that hold a token each."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gridplan.engine.reservation import reserve_folder
from gridplan.errors import MissingPackageError, PlanError
from gridplan.storage.plan_folder import is_plan
from gridplan.workbench.branches import Branch, keep_stranded
from gridplan.workbench.seats import CHIEF, read_seats
from gridplan.workbench.segments import FOLDER
from gridplan.workbench.session import Session

HERE = "127.0.0.1"
ANYWHERE = ("0.0.0.0", "::", "")


@dataclass(frozen=True)
class Opened:
    """A studio that is ready to serve: its application, socket and the links of its seats."""

    app: Any
    socket: socket.socket
    links: dict[str, str]
    lost: int
    stranded: Branch | None = None


def run_studio(
    folder: Path,
    *,
    port: int = 0,
    host: str = HERE,
    seats_file: Path | None = None,
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
        import uvicorn
    except ImportError as error:
        raise MissingPackageError(
            "the studio needs starlette, uvicorn and websockets -> pip install 'gridplan[studio]'"
        ) from error
    with ExitStack() as held:
        (folder / FOLDER).mkdir(exist_ok=True)
        held.enter_context(reserve_folder(folder / FOLDER))
        opened = open_studio(folder, port=port, host=host, seats_file=seats_file)
        for line in _describe(opened):
            say(line)
        link = next(iter(opened.links.values()))
        if browser and not webbrowser.open(link):
            say("no browser could be opened: copy the link into one on this machine")
        config = uvicorn.Config(
            opened.app, log_level="warning", lifespan="on", ws_max_size=1_000_000
        )
        uvicorn.Server(config).run(sockets=[opened.socket])


def open_studio(
    folder: Path,
    *,
    port: int = 0,
    host: str = HERE,
    seats_file: Path | None = None,
    frames: tuple[str, ...] = (),
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
    stranded = keep_stranded(folder) if is_plan(folder) else None
    session = Session(folder)
    try:
        known = session.desk.plan.site.communities.index
        seats = [CHIEF] if seats_file is None else read_seats(seats_file, set(known))
        place = _bind(host, port)
    except BaseException:
        session.close()
        raise
    number = place.getsockname()[1]
    tokens = {secrets.token_urlsafe(32): seat for seat in seats}
    hosts = list_hosts({HERE, "localhost"} if host == HERE else {host}, number)
    app = make_app(session, tokens, hosts, frames)
    links = {seat.code: f"http://{host}:{number}/#{token}" for token, seat in tokens.items()}
    return Opened(app, place, links, session.lost, stranded)


def _bind(host: str, port: int) -> socket.socket:
    """Take a port of this machine."""
    place = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        place.bind((host, port))
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
    if not all(link.startswith(f"http://{HERE}:") for link in opened.links.values()):
        lines.append(
            "note: whoever can read the network's traffic can read along; use it in a network "
            "that you trust"
        )
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
