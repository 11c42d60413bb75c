"""The studio's server: its page, the questions of the page, and what others did, as it happens."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from gridplan.tables.words import list_words
from gridplan.workbench.answers import answer
from gridplan.workbench.desk import Seat
from gridplan.workbench.files_waiting import COUNTER
from gridplan.workbench.guard import LARGEST, Guard, is_token
from gridplan.workbench.session import Session

# Files of the page by their names: what the browser asks for never becomes a path.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_WAIT = 25.0  # seconds that a question for news waits
_KEPT = 500  # messages kept for pages that were away; who missed more loads anew


class News:
    """Messages for all seats, numbered, for those that listen and those that ask later."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._messages: list[dict[str, Any]] = []
        self._first = 1
        self._changed = asyncio.Event()

    def begin(self) -> None:
        """Take the loop that the server runs in."""
        self._loop = asyncio.get_running_loop()

    @property
    def last(self) -> int:
        """The number of the newest message."""
        return self._first + len(self._messages) - 1

    def publish(self, message: Mapping[str, Any]) -> None:
        """Add a message; from any thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._add, dict(message))

    def _add(self, message: dict[str, Any]) -> None:
        self._messages.append({**message, "news": self.last + 1})
        drop = len(self._messages) - _KEPT
        if drop > 0:
            del self._messages[:drop]
            self._first += drop
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def wait(self, after: int, seconds: float) -> list[dict[str, Any]] | None:
        """Wait for messages behind a number; None where some of them are not kept any more."""
        if after < self._first - 1 or after > self.last:
            return None
        if after == self.last:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), seconds)
        return self._messages[max(0, after - self._first + 1) :]


def make_app(
    session: Session, seats: Mapping[str, Seat], hosts: frozenset[str], frames: tuple[str, ...] = ()
) -> Guard:
    """Make the application that serves one session.

    Parameters
    ----------
    session
        What is served.
    seats
        The seat of each token.
    hosts
        Values of the header Host that are served.
    frames
        Origins whose pages may show the studio in a frame.
    """
    news = News()
    session.publish = news.publish

    @contextlib.asynccontextmanager
    async def live(app: Starlette) -> AsyncIterator[None]:
        news.begin()
        yield
        session.close()

    def find_seat(token: str) -> Seat | None:
        # All are compared, so that the time says nothing of which was nearest.
        seats_found = [seat for known, seat in seats.items() if is_token(token, known)]
        return seats_found[0] if seats_found else None

    async def ask(request: Request) -> Response:
        seat = find_seat(request.headers.get("x-token", ""))
        if seat is None:
            return PlainTextResponse("open the link that the studio printed", 401)
        body = await _read_body(request)
        if body is None:
            return PlainTextResponse(f"too large: at most {LARGEST:,} bytes", 413)
        message = _parse(body)
        if message is None:
            return PlainTextResponse("not understood: one object of JSON is asked for", 400)
        answered = await run_in_threadpool(answer, session, seat, message)
        return JSONResponse({**answered, "heard": news.last})

    async def hear(request: Request) -> Response:
        if find_seat(request.headers.get("x-token", "")) is None:
            return PlainTextResponse("open the link that the studio printed", 401)
        after = request.query_params.get("after", "")
        found = await news.wait(int(after) if after.isdecimal() else -1, _WAIT)
        return JSONResponse({"messages": found, "anew": found is None})

    async def fetch(request: Request) -> Response:
        seat = find_seat(request.headers.get("x-token", ""))
        if seat is None:
            return PlainTextResponse("open the link that the studio printed", 401)
        return _send_file(seat, request.path_params["ticket"])

    async def listen(socket: WebSocket) -> None:
        await socket.accept()
        try:
            await _serve_socket(socket, news, find_seat)
        except (WebSocketDisconnect, RuntimeError):
            return

    routes = [
        Route("/", _send_page),
        Route("/page/{name}", _send_page),
        Route("/words/{lang}", _send_words),
        Route("/ask", ask, methods=["POST"]),
        Route("/news", hear),
        Route("/taken/{ticket}", fetch),
        WebSocketRoute("/live", listen),
    ]
    return Guard(Starlette(routes=routes, lifespan=live), hosts, frames)


async def _serve_socket(socket: WebSocket, news: News, find_seat: Any) -> None:
    """Send news over a socket whose first message holds the token and the last news heard."""
    first = _parse((await socket.receive_text()).encode()) or {}
    if find_seat(str(first.get("token", ""))) is None:
        await socket.close(4401, "open the link that the studio printed")
        return
    after = int(first.get("after", news.last))
    gone = asyncio.ensure_future(socket.receive())
    while not gone.done():
        found = await news.wait(after, 5.0)
        if found is None:
            await socket.send_json({"anew": True})
            return
        for message in found:
            await socket.send_json(message)
            after = message["news"]
    gone.cancel()


async def _read_body(request: Request) -> bytes | None:
    """Read the body of a request; None where it is too large, whatever its headers say."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            return None
    return body


def _parse(body: bytes) -> dict[str, Any] | None:
    try:
        message = json.loads(body)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def _send_file(seat: Seat, ticket: str) -> Response:
    """Send a file that waits under a ticket, once; the ticket is looked up and names no path."""
    file = COUNTER.fetch(ticket, seat)
    if file is None:
        return PlainTextResponse("this file was fetched already: take it away once more", 404)
    # As a file to keep: a page among them must not run as one of the studio's.
    disposition = f"attachment; filename*=UTF-8''{quote(file.name)}"
    return Response(
        file.content, media_type=file.media, headers={"content-disposition": disposition}
    )


async def _send_page(request: Request) -> Response:
    """Send a file of the page."""
    name = request.path_params.get("name", "index.html")
    content = _read_page().get(name)
    if content is None:
        return PlainTextResponse("there is no such page", 404)
    return Response(content, media_type=_TYPES["." + name.rpartition(".")[2]])


def _read_page() -> dict[str, bytes]:
    place = files("gridplan.workbench") / "page"
    return {
        file.name: file.read_bytes()
        for file in place.iterdir()
        if "." + file.name.rpartition(".")[2] in _TYPES
    }


async def _send_words(request: Request) -> Response:
    """Send the words of the page in a language."""
    lang = request.path_params["lang"]
    if lang not in ("en", "zh"):
        return PlainTextResponse("there is no such language", 404)
    return JSONResponse(dict(list_words("studio", lang)))
