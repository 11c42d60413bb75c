"""Maps of a plan: one self-contained page that needs no network."""
