"""What documents say is true where a test can tell: links lead somewhere, and commands have such
options.
"""

import re
import shlex
from pathlib import Path

import pytest
import typer

from captioner.cli import app

ROOT = Path(__file__).parent.parent
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "data").glob("*/README.md")),
    *sorted((ROOT / "captioner" / "pretrained").glob("*/README.md")),
]


def heading_anchors(document: Path) -> set[str]:
    """The anchors that GitHub gives a document's headings."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(document: Path) -> list[list[str]]:
    """All calls of captioner in the document's indented blocks, with `\\` at a line's end joined
    to the next.
    """
    text = document.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.startswith("    ")]
    calls = [re.search(r"(?:^|[&|] +)(captioner [^&|]*)", line.strip()) for line in lines]
    words = [shlex.split(call[1], comments=True) for call in calls if call]
    return [[word for word in one[1:] if word != "..."] for one in words]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if link.startswith(("http:", "https:")):
            continue
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), link
        assert not anchor or anchor in heading_anchors(target), link


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(call, id=" ".join(call))
        for document in DOCUMENTS
        for call in commands(document)
    ],
)
def test_commands_have_such_options(call):
    """Parsing a command's arguments fails where an option is unknown or missing, or a value is
    of the wrong kind.
    """
    command, names = typer.main.get_command(app), list(call)
    while hasattr(command, "commands") and names and names[0] in command.commands:
        command = command.commands[names.pop(0)]
    assert not hasattr(command, "commands"), "it names no command"
    command.make_context("captioner", names)


def test_every_page_of_the_manual_is_found_from_the_readme():
    linked = re.findall(r"\]\(docs/([^)#\s]+)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert {path.name for path in (ROOT / "docs").glob("*.md")} == {
        name for name in linked if name.endswith(".md")
    }
