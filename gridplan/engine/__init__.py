"""How work is carried out: tasks mapped over workers, deadlines, and HiGHS for optimisation."""
