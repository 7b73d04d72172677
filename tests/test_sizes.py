"""A file has one idea and at most 300 lines, a function at most 40 lines of body."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "captioner"
FILES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES_OF_A_FILE = 300
MOST_LINES_OF_A_BODY = 40


def bodies(source: str) -> dict[str, int]:
    """The lines of each function without its signature and its docstring."""
    lengths = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            statements = node.body[1:] if ast.get_docstring(node) else node.body
            if statements:
                lengths[node.name] = statements[-1].end_lineno - statements[0].lineno + 1
    return lengths


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_files_and_functions_are_short(file):
    source = file.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MOST_LINES_OF_A_FILE
    long = {name: n for name, n in bodies(source).items() if n > MOST_LINES_OF_A_BODY}
    assert not long, long


def test_a_body_is_counted_without_signature_and_docstring():
    source = 'def add(\n    a,\n    b,\n):\n    """Add.\n\n    More.\n    """\n'
    source += "    c = a\n\n    return c + b\n"
    assert bodies(source) == {"add": 3}
