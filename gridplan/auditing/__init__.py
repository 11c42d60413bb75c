"""The rules of an audit: each recomputed from a plan's own tables, blind to how the plan was made."""
