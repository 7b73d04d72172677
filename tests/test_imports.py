"""Imports run one way: from the files towards the words."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "captioner"
DOCUMENT = PACKAGE.parent / "docs" / "architecture.md"
# Nothing imports what stands in a later row.
ORDER = [
    ["errors", "config"],
    ["allocator", "progress", "samples"],
    ["tokenization"],
    ["concepts"],
    ["preprocess"],
    ["data"],
    ["memory"],
    ["encoders"],
    ["attention", "decoder"],
    ["search"],
    ["generation", "model_config", "model"],
    ["metrics"],
    ["losses", "training"],
    ["outputs"],
    ["scoring"],
    [
        *("pipeline", "engines", "export", "folder", "evaluation", "translation", "transcription", "recognition"),
        "model_list",
    ],
    ["commands", "web"],
    ["cli"],
]
RANK = {part: rank for rank, row in enumerate(ORDER) for part in row}
MODEL_PARTS = [
    *("memory.py", "attention.py", "decoder.py"),
    *(
        str(path.relative_to(PACKAGE))
        for part in ("encoders", "search")
        for path in sorted((PACKAGE / part).glob("*.py"))
    ),
]
SURFACES = [
    str(path.relative_to(PACKAGE)) for part in ("commands", "web") for path in sorted((PACKAGE / part).rglob("*.py"))
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


@pytest.mark.parametrize("file", [str(path.relative_to(PACKAGE)) for path in sorted(PACKAGE.rglob("*.py"))])
def test_imports_run_down_the_list(file):
    """The package's own `__init__` stands at its front door and opens only at the first use of a name."""
    part = Path(file).parts[0].removesuffix(".py")
    if part == "__init__":
        return
    parts = {name.split(".")[1] for name in within(imported(file), "captioner") if "." in name} - {"__version__"}
    assert not {other for other in parts if RANK[other] > RANK[part]}


def test_the_list_is_the_one_of_the_documentation():
    table = [line.split("|")[1] for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    named = [[part for part in re.findall(r"`(\w+)(?:\.py|/)`", row) if part in RANK] for row in table]
    there = [[part for part in row if list(PACKAGE.glob(f"{part}*"))] for row in ORDER]
    assert [sorted(row) for row in named if row] == [sorted(row) for row in there if row]


@pytest.mark.parametrize("file", [file for file in MODEL_PARTS if file.startswith("encoders")])
def test_encoders_do_not_import_each_other(file):
    contract, backbone, residual = (f"captioner.encoders.{part}" for part in ("contract", "backbone", "residual"))
    own_parts = {
        "encoders/backbone.py": {"captioner.encoders.backbone_weights"},
        "encoders/image.py": {contract, backbone, "captioner.encoders.chain"},
        "encoders/text.py": {contract},
        "encoders/speech.py": {contract, residual},
        "encoders/video.py": {contract, backbone, residual},
    }
    others = {name for name in imported(file) if name.startswith("captioner.encoders.")}
    modules = {
        name for name in others if (PACKAGE / f"{name.removeprefix('captioner.').replace('.', '/')}.py").exists()
    }
    assert file == "encoders/__init__.py" or modules <= own_parts.get(file, set())


@pytest.mark.parametrize("file", SURFACES)
def test_surfaces_ask_the_pipeline_and_never_a_models_inside(file):
    insides = ("model", "decoder", "attention", "memory", "encoders", "search", "losses")
    assert not within(imported(file), *(f"captioner.{name}" for name in insides))
