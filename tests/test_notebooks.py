"""Every notebook runs from top to bottom."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    models = set(
        re.findall(r'captioner\.load\(\\?"([\w-]+)\\?"\)', path.read_text(encoding="utf-8"))
    )
    assert models
    for model in models:
        if not (ROOT / "captioner" / "pretrained" / model).is_dir():
            pytest.skip(f"the model {model} does not ship yet")
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": tmp_path}}).execute()
    outputs = [
        output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
    ]
    assert outputs
    assert not [output for output in outputs if output.output_type == "error"]
