"""Who may ask: the names under which the studio is reached, and what every answer forbids a page.

A page of another site in the same browser can send requests here, and a
hostile name server can make its own name lead here. So the Host must be one of
the names that the studio serves, and the Origin of every request that has one
must be the studio itself. There are no cookies, so that nothing is sent along
unasked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 1_000_000  # bytes of a request
# Only the page's own files; styles of elements are set by scripts, never written as attributes.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors {ancestors}",
        # Text never becomes markup: the browser itself refuses it.
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def list_hosts(names: Iterable[str], port: int) -> frozenset[str]:
    """List the values of the header Host under which the studio is reached.

    Examples
    --------
    >>> sorted(list_hosts(["127.0.0.1"], 8765))
    ['127.0.0.1:8765']
    """
    return frozenset(f"[{n}]:{port}" if ":" in n else f"{n}:{port}" for n in names)


class Guard:
    """Refuses requests that do not come from the studio's own page.

    Parameters
    ----------
    app
        The application behind it.
    hosts
        Values of the header Host that are served.
    frames
        Origins whose pages may show the studio in a frame, such as a notebook's.
    scheme
        https where the studio serves with a certificate.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: frozenset[str],
        frames: Iterable[str] = (),
        scheme: str = "http",
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._origins = {f"{scheme}://{host}" for host in hosts}
        ancestors = " ".join(frames) or "'none'"
        self._headers = {**HEADERS, "content-security-policy": POLICY.format(ancestors=ancestors)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        why = self._find_fault(scope, headers)
        if why and scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4403, "reason": why})
        elif why:
            status = 413 if why.startswith("too large") else 403
            await PlainTextResponse(why, status)(scope, receive, self._add_headers(send))
        else:
            await self._app(scope, receive, self._add_headers(send))

    def _find_fault(self, scope: Mapping[str, Any], headers: Headers) -> str:
        """Say why a request is refused; nothing if it is not."""
        if headers.get("host", "") not in self._hosts:
            return "this name does not lead to the studio: open the link that it printed"
        origin = headers.get("origin")
        # Browsers send it with every question of a script that may change something.
        asks = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if (asks or origin is not None) and origin not in self._origins:
            return "only the studio's own page may ask"
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > LARGEST:
            return f"too large: at most {LARGEST:,} bytes"
        return ""

    def _add_headers(self, send: Send) -> Send:
        """Add to every answer what it forbids the page."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        return answer
