"""The cases: the embedded example, and real data where it lies beside the project."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "data"
VOLOGDA = REAL / "vologda"
CASES = {
    "example": {"source": ROOT / "data" / "example" / "town.gpkg"},
    "Liechtenstein 2015": {"source": REAL / "liechtenstein" / "liechtenstein-2015-07-27.osm.pbf"},
    "Vologda": {
        "source": VOLOGDA / "buildings.parquet",
        "boundary": VOLOGDA / "boundaries.parquet",
        "barriers": (VOLOGDA / "railways.parquet", VOLOGDA / "water.parquet"),
        "streets": VOLOGDA / "roads.parquet",
    },
}


def list_cases():
    """List the cases whose files are here; say which are not."""
    present = {}
    for name, files in CASES.items():
        if Path(files["source"]).exists():
            present[name] = files
        else:
            print(f"left out: {name}, its data is not here")
    return present
