"""Whole cities: planned, audited and mapped some communities at a time, in bounded memory.

Communities are independent, so a city is cut into chunks of neighbouring
communities, each with its own small files; each chunk is planned as a small
town is, by any number of processes; and the parts are joined to one plan. What
is done is kept, so that a run that was killed goes on where it stood. The plan
does not depend on the chunks.
"""
