"""Opening the studio: one plan, one process, links that hold a token each."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridplan.engine.reservation import reserve_folder
from gridplan.errors import MissingPackageError, PlanError
from gridplan.studio.desk import Seat
from gridplan.studio.segments import FOLDER
from gridplan.studio.session import Session

HERE = "127.0.0.1"


@dataclass(frozen=True)
class Opened:
    """A studio that is ready to serve: its application, socket and the links of its seats."""

    app: Any
    socket: socket.socket
    links: dict[str, str]
    lost: int


def run_studio(
    folder: Path,
    *,
    port: int = 0,
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
        opened = open_studio(folder, port=port)
        for line in _describe(opened):
            say(line)
        link = next(iter(opened.links.values()))
        if browser and not webbrowser.open(link):
            say("no browser could be opened: copy the link into one on this machine")
        config = uvicorn.Config(
            opened.app, log_level="warning", lifespan="on", ws_max_size=1_000_000
        )
        uvicorn.Server(config).run(sockets=[opened.socket])


def open_studio(folder: Path, *, port: int = 0) -> Opened:
    """Open a plan, and a port of this machine for it, without serving yet.

    Raises
    ------
    PlanError
        As :func:`run_studio` raises it.
    """
    from gridplan.studio.guard import list_hosts
    from gridplan.studio.server import make_app

    session = Session(folder)
    place = _bind(port)
    number = place.getsockname()[1]
    token = secrets.token_urlsafe(32)
    seats = {token: Seat("chief")}
    app = make_app(session, seats, list_hosts([HERE, "localhost"], number))
    return Opened(app, place, {"chief": f"http://{HERE}:{number}/#{token}"}, session.lost)


def _bind(port: int) -> socket.socket:
    """Take a port of this machine."""
    place = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        place.bind((HERE, port))
    except OSError as error:
        place.close()
        raise PlanError(
            f"port {port} is taken -> give another with --port, or leave it out for one that is "
            "free"
        ) from error
    return place


def _describe(opened: Opened) -> list[str]:
    """Say where the studio is, and what was found in its journal."""
    lines = [f"studio     {link}" for link in opened.links.values()]
    if opened.lost:
        lines.append(
            f"note: {opened.lost:,} bytes at the end of the journal were half written when the "
            "machine stopped, and are kept in a file beside it; all accepted changes are here"
        )
    lines.append("stop       with Ctrl-C; every accepted change is on disk")
    return lines
