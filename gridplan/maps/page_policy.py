"""What a page's own Content-Security-Policy lets it do: run its scripts, and fetch nothing."""

from __future__ import annotations

import base64
import hashlib
import re

_SCRIPT = re.compile(r"<script\b[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)
_BODY = re.compile(r"<body\b[^>]*>.*</body>", re.DOTALL | re.IGNORECASE)


def add_policy(page: str, *, online: bool, extended: bool) -> str:
    """Put a policy into a page by which the browser runs its own scripts and sends no request.

    Scripts and styles are allowed one by one, by their hash, so that a script
    which gets in otherwise is not run.

    Parameters
    ----------
    page
        The page, whole.
    online
        Whether pictures of a base map may be fetched.
    extended
        Whether a user added elements: their scripts in the body are allowed
        too, and they may compile code, start workers and have style attributes.

    Examples
    --------
    >>> page = "<html><head><script>f()</script></head><body></body></html>"
    >>> policy = add_policy(page, online=False, extended=False).split('"')[3]
    >>> policy.split("; ")[1].startswith("script-src 'sha256-"), "unsafe" in policy
    (True, False)
    """
    # The body holds names from the data; no script of gridplan's own stands there.
    trusted = page if extended else _BODY.sub("", page)
    scripts = _list_hashes(_SCRIPT, trusted)
    styles = "'unsafe-inline'" if extended else _list_hashes(_STYLE, trusted)
    pictures = "data: blob: https:" if online else "data: blob:"
    parts = [
        "default-src 'none'",
        f"script-src {scripts}" + " 'unsafe-eval'" * extended,
        # What a user adds may have attributes of style, which no hash covers.
        f"style-src {styles}",
        f"img-src {pictures}",
        "font-src data:",
        "connect-src data: blob:",
        "worker-src blob:" if extended else "worker-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    meta = f'<meta http-equiv="Content-Security-Policy" content="{"; ".join(parts)}" />'
    return page.replace("<head>", f"<head>\n    {meta}", 1)


def _list_hashes(element: re.Pattern[str], page: str) -> str:
    """List the hashes of the texts of scripts or styles, as a policy names them."""
    texts = dict.fromkeys(element.findall(page))
    return " ".join(f"'sha256-{_hash_text(text)}'" for text in texts) or "'none'"


def _hash_text(text: str) -> str:
    # A browser reads every end of line as one, before it computes the hash.
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return base64.b64encode(hashlib.sha256(plain.encode()).digest()).decode()
