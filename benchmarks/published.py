"""Published instances of capacitated division: objective, gap to the best known, seconds, every answer checked."""

from benchmarks.cases import ROOT
from gridplan.benching import bench_folder

FOLDER = ROOT.parent / "shared" / "bench"


def run(efforts=("quick", "default")):
    """Print a row for each instance and effort, then the mean gaps of each folder."""
    print("\nPublished instances: objective, gap to the best known, seconds on one core")
    if not FOLDER.exists():
        print("left out: the published instances are not here")
        return
    for folder in sorted(p for p in FOLDER.iterdir() if p.is_dir()):
        for effort in efforts:
            table = bench_folder(folder, effort)
            for name, row in table.iterrows():
                sound = "" if row["feasible"] else f"  NOT FEASIBLE: {row['faults']}"
                print(
                    f"{folder.name:14}{name:18}{effort:10}{row['objective']:14.2f}{row['gap']:9.3%}{row['seconds']:8.1f}{sound}"
                )
            print(f"{folder.name:14}{'mean':18}{effort:10}{'':14}{table['gap'].mean():9.3%}{table['seconds'].mean():8.1f}")
