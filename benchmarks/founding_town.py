"""A plan of which rows of the founding document are reckoned again, and what from."""

from gridplan.publishing.published_figures import count_figures


class Town:
    """A plan with what its rows are reckoned again from."""

    def __init__(self, plan):
        self.plan = plan
        self.site = plan.site
        self.figures = count_figures(plan)
        self.doors = plan.stairwells
        self.homes = plan.subgrids.index[plan.subgrids["kind"] == "residential"]
        held = self.doors.groupby("subgrid")["households"].sum()
        self.sizes = held.reindex(self.homes).fillna(0)
        # a sub-grid's code begins with that of its community
        self.towns = self.site.communities.drop(columns="geometry").sort_index()
        self.kinds = self.towns["kind"].reindex(self.homes.str.slice(0, -4)).to_numpy(object)
        self.urban = self.towns.index[self.towns["kind"] == "urban"]

    def read(self, measure, level="city"):
        """Take a measure that a verb states: of the city, or of all bodies of a level by code."""
        table = self.plan.indicators
        rows = table[(table["measure"] == measure) & (table["level"] == level)]
        values = rows.set_index("of")["value"].sort_index()
        return float(values.iloc[0]) if level == "city" else values

    def read_level(self, indicator, level):
        """Take an indicator of the four levels by body."""
        table = self.plan.level_indicators
        rows = table[(table["indicator"] == indicator) & (table["level"] == level)]
        return rows.set_index("body")["value"].sort_index()

    def count(self, measure, level=None):
        """Add up what was given as counts, by place."""
        rows = self.site.counts[self.site.counts["measure"] == measure]
        rows = rows if level is None else rows[rows["level"] == level]
        return rows.groupby("of")["value"].sum()
