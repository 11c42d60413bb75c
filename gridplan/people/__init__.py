"""The people of a plan as counts and posts, never persons: organisation, staffing, pairing, rating."""
