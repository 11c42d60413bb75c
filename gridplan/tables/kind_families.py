"""Which kinds of barriers and streets a map draws alike."""

from __future__ import annotations

from collections.abc import Mapping

# Which words of the column ``kind`` are drawn alike; the first family of which
# a word holds a part is taken.
BARRIER_FAMILIES: Mapping[str, tuple[str, ...]] = {
    "water": (
        "river",
        "lake",
        "stream",
        "canal",
        "water",
        "ditch",
        "drain",
        "pond",
        "reservoir",
        "dock",
        "sea",
    ),
    "rail": ("rail", "tram", "metro", "subway"),
    "road": (
        "motorway",
        "road",
        "trunk",
        "primary",
        "secondary",
        "expressway",
        "highway",
        "street",
    ),
    "wall": ("",),  # every word holds the empty one, so that the last family takes the rest
}
STREET_FAMILIES: Mapping[str, tuple[str, ...]] = {
    "major": ("motorway", "trunk", "primary", "secondary", "main"),
    "path": ("foot", "path", "cycle", "steps", "track", "pedestrian", "bridleway", "corridor"),
    "minor": ("",),
}


def find_family(kind: str, families: Mapping[str, tuple[str, ...]] = BARRIER_FAMILIES) -> str:
    """Find the family that a kind of barrier or street is drawn as.

    Examples
    --------
    >>> find_family("river"), find_family("main_road"), find_family("hedge")
    ('water', 'road', 'wall')
    """
    return next(
        family for family, words in families.items() if any(word in kind.lower() for word in words)
    )
