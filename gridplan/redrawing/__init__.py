"""Redrawing: a plan and new land, or edits by hand, to the next plan, moving few households."""
