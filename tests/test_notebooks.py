"""The notebooks run from top to bottom and are kept with their outputs."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import gridplan

FOLDER = Path(__file__).parents[1] / "notebooks"


def read_code(path):
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda p: p.stem)
def test_a_notebook_comes_in_by_the_door(path):
    """Whoever learns from a notebook learns public names: no module behind them is imported."""
    code = read_code(path)
    assert "import gridplan as gp" in code
    assert not re.findall(r"from gridplan\S* import|import gridplan\.\S+", code)
    assert set(re.findall(r"\bgp\.(\w+)", code)) <= set(gridplan.__all__)


# The others take half a minute or more each, and what they call is tested elsewhere.
QUICK = ("01_quickstart",)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=() if path.stem in QUICK else pytest.mark.slow)
        for path in sorted(FOLDER.glob("*.ipynb"))
    ],
    ids=lambda path: path.stem,
)
@pytest.mark.filterwarnings("default")  # what the notebook machinery itself warns of is not ours
def test_a_notebook_runs_from_top_to_bottom(path):
    notebook = nbformat.read(path, as_version=4)
    kept = [bool(cell.get("outputs")) for cell in notebook.cells if cell.cell_type == "code"]
    assert kept[0], "run `make notebooks` and keep the outputs"
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(FOLDER)}}).execute()
    errors = [
        o for cell in notebook.cells for o in cell.get("outputs", []) if o.output_type == "error"
    ]
    assert not errors
