"""The five colours of the map of the studio; the page has the same, which a test compares."""

from __future__ import annotations

# Chosen so that people with any of three kinds of colour blindness tell them apart.
COLOURS = ("#3d7ab8", "#e69f00", "#1b7f5c", "#b04a8f", "#8c8c2f")
