"""Call one function of a benchmark in a process of its own, so that peak memory is its own."""

import json
import subprocess
import sys


def call_in_own_process(module, function, *arguments):
    """Call a function of ``benchmarks`` with words; returns the figures that it returns."""
    code = (
        "import json, sys\n"
        f"from benchmarks.{module} import {function}\n"
        f"print(json.dumps({function}(*sys.argv[1:])))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True
    )
    if run.returncode:
        raise RuntimeError(run.stderr)
    # whatever the function printed comes before its figures
    return json.loads(run.stdout.splitlines()[-1])
