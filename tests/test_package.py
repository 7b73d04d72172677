"""The wheel has all that the package needs, works away from the checkout, and says the same
version everywhere.
"""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import captioner
from captioner.pretrained.registry import list_models

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def run_installed(wheel, tmp_path_factory):
    """Run Python where the wheel is installed and the checkout is out of reach."""
    site, elsewhere = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("elsewhere")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-compile",
    ]
    subprocess.run([*pip, "--target", str(site), str(wheel)], check=True, capture_output=True)
    environment = os.environ | {"PYTHONPATH": str(site)}

    def call(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command, cwd=elsewhere, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    call.site = site
    return call


def test_the_wheel_has_every_file_of_the_package(wheel):
    there = {path.relative_to(ROOT) for path in (ROOT / "captioner").rglob("*") if path.is_file()}
    wanted = {path.as_posix() for path in there if "__pycache__" not in path.parts}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == wanted


def test_the_wheel_works_away_from_the_checkout(run_installed):
    found = run_installed("-c", "import captioner; print(captioner.__file__)").strip()
    assert Path(found).is_relative_to(run_installed.site)
    assert run_installed("-m", "captioner", "--version") == f"{captioner.__version__}\n"
    listed = run_installed("-m", "captioner", "models")
    assert [line.split("\t")[0] for line in listed.splitlines()] == [
        path.name for path in list_models()
    ]


@pytest.mark.slow
def test_the_wheel_translates(run_installed):
    assert "Hunde" in run_installed("-m", "captioner", "translate", "Two dogs run.")


def test_all_documents_tell_the_version():
    version = captioner.__version__
    assert (
        re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)[1]
        == version
    )
    assert re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1] == version
