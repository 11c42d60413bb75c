"""Edits by hand: scripts, checked on a board, previewed, carried out and logged."""
