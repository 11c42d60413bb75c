"""The rules of an audit: each recomputed from a plan's own tables, whatever made the plan."""
