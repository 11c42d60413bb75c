"""Coverage: who reaches which service point, who is served, where gaps are, where more could be."""
