"""Coverage: who reaches which post on foot, who is served, where gaps are, and where to add posts."""
