"""The people of a plan as counts and posts, never persons: organise, staff, pair, rate."""
