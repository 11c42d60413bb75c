"""Fail if the built site would fetch anything: `python docs/check_site.py outputs/site`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

REMOTE = re.compile(
    r"""(?:src|href|srcset|data-src)\s*=\s*["']?\s*(?:https?:)?//[^"'\s>]+"""
    r"""|url\(\s*["']?(?:https?:)?//[^)]+"""
)


def find_remote(folder: Path) -> list[str]:
    """Find every address outside the site in its pages and styles."""
    return [
        f"{path.relative_to(folder)}: {match.group()}"
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".html", ".css"}
        for match in REMOTE.finditer(path.read_text(encoding="utf-8"))
    ]


def main() -> int:
    """Print what is remote; the status says whether anything is."""
    remote = find_remote(Path(sys.argv[1]))
    pages = len(list(Path(sys.argv[1]).rglob("*.html")))
    sys.stdout.write("\n".join([*remote, f"{pages} pages, {len(remote)} remote references", ""]))
    return 1 if remote or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
