"""The chain of organisation: members, branches, groups and central households; never persons."""
