"""The rules a plan is drawn by, one file for each section of ``plan.toml``."""
