"""Plans on disk: a folder with data, rules, a list of sub-grids and a note on each file."""

from gridplan.storage.plan_folder import (
    LARGE,
    hash_files,
    read_plan,
    refuse_existing,
    require_empty,
    reserve_plan,
    write_plan,
)

__all__ = [
    "LARGE",
    "hash_files",
    "read_plan",
    "refuse_existing",
    "require_empty",
    "reserve_plan",
    "write_plan",
]
