"""Pairing: institutions and cadres answer for communities, members check in."""
