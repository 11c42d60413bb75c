"""What each product of a briefing costs: seconds, megabytes, peak memory, pages, labels on maps.

Each product is written in a process of its own, from a release that is read
there, so that its peak memory is its own. Pages are counted where LibreOffice
is installed.
"""

import json
import resource
import tempfile
import time
from pathlib import Path

from benchmarks.own_process import call_in_own_process

LANGUAGES = ("zh", "en")
DATE = "2026-11-29"


def make_example(folder):
    """Release the example with everything, and return where it is."""
    import gridplan as gp

    plan = gp.divide(gp.load_example(), seed=1)
    for step in (gp.organise, gp.staff, gp.pair, gp.reach, gp.rate):
        plan = step(plan)
    return gp.write_plan(gp.release(plan), Path(folder) / "release")


def count_labels(log):
    """Have every map note in a file how many grid codes it placed and left out."""
    from gridplan.plots.sheet import map_face

    place = map_face.place_labels

    def place_and_note(wishes, board):
        placed, left_out = place(wishes, board)
        # A line is added whole, whichever process of the atlas drew the map.
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(json.dumps([len(placed), len(placed) + len(left_out)]) + "\n")
        return placed, left_out

    map_face.place_labels = place_and_note


def measure(release, product, lang, target):
    """Write one product and return its figures; no product stands for reading the facts alone."""
    import gridplan as gp
    from gridplan.briefing.facts import collect_facts
    from gridplan.briefing.products import find_writer
    from gridplan.briefing.request import BriefingRequest

    log = Path(f"{target}.labels")
    log.touch()
    began = time.perf_counter(), time.process_time()
    facts = collect_facts(gp.read_plan(release))
    if product != "facts":
        count_labels(log)
        write = find_writer(product)
        began = time.perf_counter(), time.process_time()
        Path(target).write_bytes(write(facts, BriefingRequest(lang=lang, date=DATE)))
    seconds = time.perf_counter() - began[0], time.process_time() - began[1]
    labels = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    of_workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {
        "seconds": seconds[0],
        "processor": seconds[1],
        "mb": Path(target).stat().st_size / 1e6 if product != "facts" else None,
        "peak_mb": max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, of_workers) / 1024,
        "maps": len(labels),
        "placed": sum(placed for placed, _wanted in labels),
        "wanted": sum(wanted for _placed, wanted in labels),
        "communities": len(facts.plan.site.communities),
        "subgrids": len(facts.plan.subgrids),
    }


def count_pages_of(path, folder):
    """Count the pages of a document; none of an Office document without LibreOffice."""
    from tests.document_pages import OFFICE, convert, count_pages, find_missing_programs

    if path.suffix == ".pdf":
        return str(count_pages(path))
    if path.suffix not in OFFICE or find_missing_programs():
        return "-"
    return str(count_pages(convert([path], folder)[path]))


def run(plan=None, only=()):
    """Print a row for each product and language: of a release, or of the example.

    ``only`` names the products or languages that are written, all by default.
    """
    from gridplan.briefing.products import PRODUCTS

    with tempfile.TemporaryDirectory() as scratch:
        release = plan or make_example(scratch)
        cases = [(product, lang) for product in PRODUCTS for lang in LANGUAGES]
        if only:
            cases = [case for case in cases if set(case) & set(only)]
        for product, lang in [("facts", ""), *cases]:
            target = Path(scratch) / f"{product}-{lang}.{product}"
            row = call_in_own_process("briefing", "measure", release, product, lang, target)
            if product == "facts":
                print_head(row, plan or "the example")
            pages = count_pages_of(target, Path(scratch) / "pages") if target.exists() else "-"
            print_row(f"{product} {lang}", row, pages)


def print_head(row, name):
    """Print the head of the table; the row of facts is reading the release and collecting them."""
    print(
        f"\nBriefings of {name}: {row['communities']:,} communities, {row['subgrids']:,} sub-grids"
    )
    heads = ("seconds", "processor s", "MB", "peak MB", "pages", "maps", "labels placed")
    print(f"{'product':12}" + "".join(f"{head:>16}" for head in heads), flush=True)


def print_row(name, row, pages):
    """Print the figures of one product."""
    cells = (
        *(f"{row['seconds']:.1f}", f"{row['processor']:.1f}"),
        "-" if row["mb"] is None else f"{row['mb']:.2f}",
        f"{row['peak_mb']:.0f}",
        pages,
        str(row["maps"] or "-"),
        f"{row['placed']:,} of {row['wanted']:,}" if row["wanted"] else "-",
    )
    print(f"{name:12}" + "".join(f"{cell:>16}" for cell in cells), flush=True)
