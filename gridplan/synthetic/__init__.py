"""Synthetic towns and cities to try gridplan on; any likeness to a real place is chance."""
