"""Slides: the sections of a briefing as a presentation that can be shown unchanged."""
