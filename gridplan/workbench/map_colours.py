"""The five colours of the map of the studio; the page has the same, which a test compares."""

from __future__ import annotations

# Chosen so that people with any of three kinds of colour blindness tell them apart.
COLOURS = ("#2ebaf0", "#baba4a", "#2e662e", "#f09e9e", "#824a82")
