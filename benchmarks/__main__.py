"""Run the benchmarks: all, or those named, e.g. ``python -m benchmarks main_job division``."""

import argparse
import importlib
import sys

# What each measures, and the options it takes.
BENCHMARKS = {
    "main_job": (
        "what a plan of the example and of real places comes to, seconds by stage, peak memory",
        (),
    ),
    "fingerprints": (
        "SHA-256 of every file and column that a chain of verbs writes, recorded or compared",
        ("record", "against"),
    ),
    "planted_faults": (
        "faults planted one at a time in every table of a plan: which the audit finds",
        ("only",),
    ),
    "division": ("price, proven gap and seconds on a fixed panel of communities", ("full",)),
    "published": ("published instances of capacitated division beside their best known values", ()),
    "peers": ("other programs on published instances and on the panel", ("install", "only")),
    "briefing": (
        "each product of a briefing: seconds, megabytes, peak memory, pages, labels on maps",
        ("plan", "only"),
    ),
    "people": (
        "what the verbs on people cost and prove on a district, its ratios beside Tangshan's",
        ("hierarchy", "households"),
    ),
    "founding": (
        "what is stated of the 46 rows of the founding document, each value recomputed apart",
        (),
    ),
    "crash_points": (
        "every step on a file of every verb that writes: what a run killed there leaves",
        (),
    ),
    "disclosure": (
        "an attacker's integer program against pairs of releases; returns 1 on a leak",
        (),
    ),
    "robust": (
        "sub-grids truly in band on known dwellings, by the estimate and by division.robust",
        (),
    ),
    "years": (
        "ten years of change on the example and a district: time, memory, households moved",
        ("replications",),
    ),
    "silence": (
        "the longest time that each verb says nothing, on the example and a made-up city",
        ("full",),
    ),
    "siting": ("where to add posts: answers, bounds and time, beside spopt", ("install", "only")),
    "reach": (
        "ways on foot beside osmnx, networkx and pandana, and 100,000 nodes with 700 posts",
        (),
    ),
    "visits": (
        "a thousand demonstration points, 25 belts and a season of drills in a made-up city",
        (),
    ),
    "studio_keeping": (
        "branches of the studio under random work and kills; what comparing and branches cost",
        ("plan",),
    ),
    "surge": (
        "a flood and snow on districts: time and memory, with and without the worth of pairings",
        ("full",),
    ),
    "reels": (
        "maps with a slider over 5,041 sub-grids: seconds to write, megabytes, ms a frame",
        (),
    ),
    "simulation": (
        "events a second beside SimPy, a year of a made-up district or a given plan",
        ("full", "households", "plan"),
    ),
    "households": (
        "estimates held against known dwellings: bias, error, cover, homes, claimed chances",
        ("install",),
    ),
    "ranges": (
        "how often draws of communities' households lie in their ranges, on made-up towns",
        (),
    ),
    "studio_page": (
        "the studio in a browser, a district in view: open, hover, edit, undo, lasso, pan; "
        "returns 1 if an edit grows with the number of sub-grids",
        ("plan",),
    ),
    "hostile": (
        "a thousand hostile files, plans, edits and rules: held within 20 s and 3,000 MB, by kind",
        ("only",),
    ),
    "studio": (
        "the studio's answers in a community and a district, ten seats at once, 50 kills",
        ("only", "towns"),
    ),
    "scale": ("seconds and memory from a town to a prefecture", ("full",)),
}


def make_parser():
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description="Measure speed, memory and quality, and print tables.",
        epilog="benchmarks:\n"
        + "\n".join(f"  {name:15}{text}" for name, (text, _) in BENCHMARKS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="what to run, all if none is named (listed below)"
    )
    parser.add_argument(
        "--full",
        action="store_true",
        help="division: thorough effort too; scale: up to 2.8 million households; "
        "simulation, surge: 100,000 households; silence: a city without compiled kernels too",
    )
    parser.add_argument("--record", metavar="FILE", help="fingerprints: keep them in this file")
    parser.add_argument(
        "--against", metavar="FILE", help="fingerprints: compare with those kept in this file"
    )
    parser.add_argument(
        "--install",
        action="store_true",
        help="peers, siting, households: set up their environments under outputs first",
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="WORD",
        help="peers: problems with this in their name; siting: peers, medians or large; "
        "planted_faults: a table; hostile: inputs with this in their kind or name; "
        "briefing: a product or a language; "
        "studio: open, answers, outlines, save, restart, seats or kills; "
        "may be repeated",
    )
    parser.add_argument(
        "--hierarchy",
        action="append",
        metavar="FILE",
        help="people: CSV of communities to draw instead of made-up ones; "
        "further files add what the first lacks",
    )
    parser.add_argument(
        "--households", type=int, metavar="N", help="people, simulation: total number"
    )
    parser.add_argument(
        "--plan",
        metavar="FOLDER",
        help="simulation: a staffed plan of a city, written with --format parquet; "
        "studio_page: a plan of a district; studio_keeping: any plan; briefing: a release",
    )
    parser.add_argument(
        "--towns", metavar="FOLDER", help="studio: keep the plans of its made-up towns here"
    )
    parser.add_argument("--replications", type=int, metavar="N", help="years: futures sampled (5)")
    return parser


def main(words=None):
    """Run the named benchmarks; returns 1 if one of them found a promise broken.

    An option that none of them takes is refused.
    """
    parser = make_parser()
    options = vars(parser.parse_args(words))
    names = options.pop("names") or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        parser.error(
            f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}"
        )
    chosen = {option: value for option, value in options.items() if value}
    for option in chosen:
        if not any(option in BENCHMARKS[name][1] for name in names):
            parser.error(f"--{option} is not an option of {', '.join(names)}")
    failed = False
    for name in names:
        taken = {option: value for option, value in chosen.items() if option in BENCHMARKS[name][1]}
        # What promises something says whether all of it was held.
        failed |= importlib.import_module(f"benchmarks.{name}").run(**taken) is False
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
