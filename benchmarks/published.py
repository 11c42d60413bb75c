"""Published instances of capacitated division: objective, gap, curve of gap over time."""

import pandas as pd

from benchmarks.cases import ROOT
from gridplan.division.plain.published import bench_folder

FOLDER = ROOT.parent / "shared" / "bench"
MOMENTS = (1, 3, 10, 30, 60, 300)  # seconds at which the gap is printed


def run(efforts=("quick", "default")):
    """Print a row for each instance and effort, the means, and the gaps after some seconds."""
    print("\nPublished instances: objective, gap to the best known, seconds on one core")
    if not FOLDER.exists():
        print("left out: the published instances are not here")
        return
    curves = {}
    for folder in sorted(p for p in FOLDER.iterdir() if p.is_dir()):
        for effort in efforts:
            file = ROOT / "outputs" / f"curve-{folder.name}-{effort}.csv"
            table = bench_folder(folder, effort, curve=file)
            curves[folder.name, effort] = pd.read_csv(file)
            for name, row in table.iterrows():
                sound = "" if row["feasible"] else f"  NOT FEASIBLE: {row['faults']}"
                print(
                    f"{folder.name:14}{name:18}{effort:10}{row['objective']:14.2f}"
                    f"{row['gap']:9.3%}{row['seconds']:8.1f}{sound}"
                )
            print(
                f"{folder.name:14}{'mean':18}{effort:10}{'':14}"
                f"{table['gap'].mean():9.3%}{table['seconds'].mean():8.1f}"
            )
    print_curves(curves)
    draw_curves(curves, ROOT / "outputs" / "curves.png")


def print_curves(curves):
    """Print the gap that the best answer so far has after some seconds."""
    print(f"\n{'gap after':42}" + "".join(f"{moment:>8} s" for moment in MOMENTS))
    for (folder, effort), curve in curves.items():
        for name, points in curve.groupby("instance"):
            gaps = [points.loc[points["seconds"] <= moment, "gap"].min() for moment in MOMENTS]
            print(f"{folder:14}{name:18}{effort:10}" + "".join(f"{gap:10.3%}" for gap in gaps))


def draw_curves(curves, path):
    """Draw the gap over the seconds, a line an instance, at the longest effort of each folder."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for folder, curve in {folder: curve for (folder, _), curve in curves.items()}.items():
        for name, points in curve.dropna().groupby("instance"):
            axes.step(
                points["seconds"],
                100 * points["gap"].clip(lower=1e-5),  # a logarithmic axis has no zero
                where="post",
                label=f"{folder} {name}",
            )
    axes.set(
        xscale="log", yscale="log", xlabel="seconds on one core", ylabel="over the best known, %"
    )
    axes.legend(fontsize=6, ncols=2)
    figure.savefig(path, dpi=150)
