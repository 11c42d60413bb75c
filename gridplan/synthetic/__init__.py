"""Synthetic towns and cities, and the boards of examples; any likeness to a place is chance."""

from gridplan.synthetic.board_plan import make_board_plan, make_checkerboard
from gridplan.synthetic.city import write_city
from gridplan.synthetic.example_site import load_example
from gridplan.synthetic.people_plan import make_people_plan
from gridplan.synthetic.town import make_town, write_town

__all__ = [
    "load_example",
    "make_board_plan",
    "make_checkerboard",
    "make_people_plan",
    "make_town",
    "write_city",
    "write_town",
]
