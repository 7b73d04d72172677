"""Imports run one way: from what people touch down to the errors."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "captioner"
DOCUMENT = PACKAGE.parent / "docs" / "architecture.md"
# Nothing imports what stands before it.
ORDER = [
    *("__main__", "cli", "commands", "server", "web", "allocator"),
    *(
        "export",
        "evaluation",
        "batch",
        "pipeline",
        "onnx",
        "training",
        "model",
        "search",
        "modules",
    ),
    *(
        "metrics",
        "outputs",
        "data",
        "preprocess",
        "config",
        "pretrained",
        "progress",
        "threads",
        "terminal",
        "home",
        "errors",
    ),
]
RANK = {part: rank for rank, part in enumerate(ORDER)}
MODEL_PARTS = [
    str(path.relative_to(PACKAGE))
    for part in ("modules", "search")
    for path in sorted((PACKAGE / part).rglob("*.py"))
]
SURFACES = [
    str(path.relative_to(PACKAGE))
    for part in ("commands", "server", "web")
    for path in sorted((PACKAGE / part).rglob("*.py"))
]


def imported(file: str) -> set[str]:
    """All modules that a file imports, also within functions; `from a import b` counts as a and
    a.b.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse((PACKAGE / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: write imports in full"
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def within(names: set[str], *modules: str) -> set[str]:
    return {
        name
        for name in names
        if any(name == module or name.startswith(f"{module}.") for module in modules)
    }


@pytest.mark.parametrize("file", MODEL_PARTS)
def test_model_parts_know_nothing_of_data_training_and_surfaces(file):
    above = (
        "server",
        "web",
        "cli",
        "batch",
        "pipeline",
        "training",
        "model",
        "metrics",
        "outputs",
        "data",
    )
    assert not within(imported(file), *(f"captioner.{name}" for name in above), "gradio")


@pytest.mark.parametrize(
    "file", [str(path.relative_to(PACKAGE)) for path in sorted(PACKAGE.rglob("*.py"))]
)
def test_imports_run_down_the_list(file):
    """The package's own `__init__` stands at its front door and opens only at the first use of a
    name.
    """
    part = Path(file).parts[0].removesuffix(".py")
    if part == "__init__":
        return
    parts = {name.split(".")[1] for name in within(imported(file), "captioner") if "." in name} - {
        "__version__"
    }
    assert not {other for other in parts if RANK[other] < RANK[part]}


def test_the_list_is_the_one_of_the_documentation():
    table = [
        line.split("|")[1]
        for line in DOCUMENT.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    named = [
        part for row in table for part in re.findall(r"`(\w+)(?:\.py|/)`", row) if part != "configs"
    ]
    there = {
        path.name.removesuffix(".py")
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or path.is_dir()
    }
    assert named == ORDER
    assert there - {"__init__", "__pycache__", "configs"} == set(ORDER)


@pytest.mark.parametrize(
    "file", [file for file in MODEL_PARTS if file.startswith("modules/encoders")]
)
def test_encoders_do_not_import_each_other(file):
    encoders = "captioner.modules.encoders"
    contract, backbone, residual, image, text = (
        f"{encoders}.{part}" for part in ("contract", "backbone", "residual", "image", "text")
    )
    own_parts = {
        "modules/encoders/backbone.py": {contract, f"{encoders}.backbone_weights"},
        "modules/encoders/image.py": {backbone, f"{encoders}.chain", f"{encoders}.concepts"},
        "modules/encoders/text.py": {contract},
        "modules/encoders/photo_text.py": {contract, image, text},
        "modules/encoders/speech.py": {contract, residual},
        "modules/encoders/video.py": {backbone, residual},
    }
    others = {name for name in imported(file) if name.startswith(f"{encoders}.")}
    modules = {
        name
        for name in others
        if (PACKAGE / f"{name.removeprefix('captioner.').replace('.', '/')}.py").exists()
    }
    assert file == "modules/encoders/__init__.py" or modules <= own_parts.get(file, set())


@pytest.mark.parametrize("file", SURFACES)
def test_surfaces_ask_the_pipeline_and_never_a_models_inside(file):
    insides = ("model", "modules", "search", "training.losses")
    assert not within(imported(file), *(f"captioner.{name}" for name in insides))
