"""The chain of organisation over a plan: members by stairwell, branches, groups and central households; never persons."""
