"""Plans on disk: a folder with the plan's data, its rules, a list of sub-grids and a note on what each file is."""

from gridplan.storage.plan_folder import LARGE, hash_files, read_plan, refuse_existing, write_plan

__all__ = ["LARGE", "hash_files", "read_plan", "refuse_existing", "write_plan"]
