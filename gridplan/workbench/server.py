"""The studio's server: its page, the questions of the page, and what others did, as it happens."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
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
from gridplan.workbench.guard import LARGEST, Guard
from gridplan.workbench.news import Heard, News
from gridplan.workbench.register import SeatRegister
from gridplan.workbench.session import Session
from gridplan.workbench.waiting import WaitingRoom

# Files of the page by their names: what the browser asks for never becomes a path.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_WAIT = 25.0  # seconds that a question for news waits
_FIRST = 10.0  # seconds that a socket has for its first message
_TICK = 20.0  # seconds of silence after which a page is shown that the line still holds
_NEVER = 2**60  # a page that does not ask who is where hears nothing of it
STRANGER = "open the link that the studio printed"


def make_app(
    session: Session,
    seats: Mapping[str, Seat] | SeatRegister,
    hosts: frozenset[str],
    frames: tuple[str, ...] = (),
    scheme: str = "http",
) -> Guard:
    """Make the application that serves one session.

    Parameters
    ----------
    session
        What is served.
    seats
        The register of seats, or the seat of each token.
    hosts
        Values of the header Host that are served.
    frames
        Origins whose pages may show the studio in a frame.
    scheme
        https where the studio serves with a certificate.
    """
    news = News()
    register = seats if isinstance(seats, SeatRegister) else SeatRegister.of(seats)
    register.show, register.wake = news.show, news.wake
    find_seat = register.find
    session.publish, session.register = news.publish, register
    room = WaitingRoom()

    @contextlib.asynccontextmanager
    async def live(app: Starlette) -> AsyncIterator[None]:
        news.begin()
        yield
        session.close()

    async def ask(request: Request) -> Response:
        # Read to its end whatever the answer: else the line breaks before the page has heard it.
        body = await _read_body(request)
        seat = find_seat(request.headers.get("x-token", ""))
        if seat is None:
            return PlainTextResponse(STRANGER, 401)
        if body is None:
            return PlainTextResponse(f"too large: at most {LARGEST:,} bytes", 413)
        message = _parse(body)
        if message is None:
            return PlainTextResponse("not understood: one object of JSON is asked for", 400)
        with room.enter(seat.code) as free:
            if not free:
                return JSONResponse({"kind": "busy"}, 503, {"retry-after": "1"})
            register.hear(seat)
            # Before the answer: what is said meanwhile may not be in it, and is heard again.
            heard = {"heard": news.last, "run": news.run}
            answered = await run_in_threadpool(answer, session, seat, message)
        return JSONResponse({**answered, **heard})

    async def hear(request: Request) -> Response:
        seat = find_seat(request.headers.get("x-token", ""))
        if seat is None:
            return PlainTextResponse(STRANGER, 401)
        register.hear(seat)
        messages = await news.wait(_read_heard(request.query_params, news), _WAIT)
        # Revoked while it waited.
        if find_seat(request.headers.get("x-token", "")) is None:
            return PlainTextResponse(STRANGER, 401)
        return JSONResponse({"messages": messages, "anew": messages is None})

    async def fetch(request: Request) -> Response:
        seat = register.find(request.headers.get("x-token", ""))
        if seat is None:
            return PlainTextResponse(STRANGER, 401)
        return _send_file(seat, request.path_params["ticket"])

    async def listen(socket: WebSocket) -> None:
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await _serve_socket(socket, news, register)

    routes = [
        Route("/", _send_page),
        Route("/page/{name}", _send_page),
        Route("/words/{lang}", _send_words),
        Route("/ask", ask, methods=["POST"]),
        Route("/news", hear),
        Route("/taken/{ticket}", fetch),
        WebSocketRoute("/live", listen),
    ]
    return Guard(Starlette(routes=routes, lifespan=live), hosts, frames, scheme)


async def _serve_socket(socket: WebSocket, news: News, register: SeatRegister) -> None:
    """Send news over a socket whose first message holds the token and the last news heard."""
    try:
        said = await asyncio.wait_for(socket.receive_text(), _FIRST)
    except (TimeoutError, KeyError):
        await socket.close(4400, "the first message holds the token")
        return
    first = _parse(said.encode(errors="surrogatepass")) or {}
    token = str(first.get("token", ""))
    seat = register.find(token)
    if seat is None:
        await socket.close(4401, STRANGER)
        return
    heard = _read_heard({key: str(value) for key, value in first.items()}, news)
    register.hear(seat, opened=1)
    gone = asyncio.ensure_future(socket.receive())
    spoke = time.monotonic()
    try:
        while not gone.done():
            messages = await news.wait(heard, 5.0)
            register.refresh()
            if register.find(token) != seat:
                await socket.close(4401, STRANGER)
                return
            if messages is None:
                await socket.send_json({"anew": True})
                return
            if time.monotonic() - spoke > _TICK:
                messages = [*messages, {"kind": "tick"}]
            for message in messages:
                await socket.send_json(message)
                spoke = time.monotonic()
                heard = replace(
                    heard,
                    after=message.get("news", heard.after),
                    shown=max(heard.shown, message.get("shown", 0)),
                )
    finally:
        gone.cancel()
        register.hear(seat, opened=-1)


def _read_heard(said: Mapping[str, str], news: News) -> Heard:
    """Read what a page has heard; a page that does not say which run means the present one."""
    after, shown = said.get("after", ""), said.get("shown", "")
    return Heard(
        said.get("run") or news.run,
        int(after) if _is_count(after) else news.last if not after else -1,
        int(shown) if _is_count(shown) else _NEVER,
    )


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 16


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
        # Half of a letter can neither be kept nor shown.
        if b"\\ud" in body.lower():
            json.dumps(message, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
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
