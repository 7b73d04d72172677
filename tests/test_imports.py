"""Imports run one way: from the files towards the words."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "captioner"
MODEL_PARTS = [
    *("memory.py", "attention.py", "decoder.py"),
    *(
        str(path.relative_to(PACKAGE))
        for part in ("encoders", "search")
        for path in sorted((PACKAGE / part).glob("*.py"))
    ),
]
SURFACES = [
    str(path.relative_to(PACKAGE)) for path in (*PACKAGE.glob("cli*.py"), *sorted((PACKAGE / "web").rglob("*.py")))
]


def imported(file: str) -> set[str]:
    """All modules that a file imports, also within functions; `from a import b` counts as a and a.b."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((PACKAGE / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: write imports in full"
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def within(names: set[str], *modules: str) -> set[str]:
    return {name for name in names if any(name == module or name.startswith(f"{module}.") for module in modules)}


@pytest.mark.parametrize("file", MODEL_PARTS)
def test_model_parts_know_nothing_of_data_training_and_surfaces(file):
    above = ("data", "training", "web", "cli", "pipeline", "folder", "metrics", "outputs", "model")
    assert not within(imported(file), *(f"captioner.{name}" for name in above), "gradio")


@pytest.mark.parametrize("file", [file for file in MODEL_PARTS if not file.startswith("search")])
def test_nothing_before_the_search_knows_it(file):
    assert not within(imported(file), "captioner.search")


@pytest.mark.parametrize("file", [file for file in MODEL_PARTS if file.startswith("encoders")])
def test_encoders_do_not_import_each_other(file):
    own_parts = {"encoders/image.py": {"captioner.encoders.backbone_weights"}}
    others = {name for name in imported(file) if name.startswith("captioner.encoders.")}
    modules = {
        name for name in others if (PACKAGE / f"{name.removeprefix('captioner.').replace('.', '/')}.py").exists()
    }
    assert file == "encoders/__init__.py" or modules <= own_parts.get(file, set())


@pytest.mark.parametrize("file", SURFACES)
def test_surfaces_ask_the_pipeline_and_never_a_models_inside(file):
    insides = ("model", "decoder", "attention", "memory", "encoders", "search", "losses")
    assert not within(imported(file), *(f"captioner.{name}" for name in insides))
