"""The command: to whom it serves, what stops it before models are loaded, and how it ends."""

import os
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from captioner.errors import ModelError
from captioner.web.registry import ModelRegistry


@pytest.fixture
def served(monkeypatch) -> list[tuple[object, ...]]:
    """What the command would have served."""
    calls: list[tuple[object, ...]] = []
    monkeypatch.setattr("captioner.server.launch.serve", lambda *values: calls.append(values))
    monkeypatch.delenv("CAPTIONER_PASSWORD", raising=False)
    return calls


def test_it_serves_to_this_machine_unless_told_and_warns_where_all_may_come_in(
    run, served, monkeypatch
):
    assert run("serve") == (0, "", "")
    status, _, warned = run("serve", "--host", "0.0.0.0", "--port", 80, "--engine", "onnx")
    assert status == 0 and "anyone who reaches 0.0.0.0" in warned and "CAPTIONER_PASSWORD" in warned
    monkeypatch.setenv("CAPTIONER_PASSWORD", "secret")
    assert run("serve", "--host", "0.0.0.0") == (0, "", "")
    assert served == [
        (None, "127.0.0.1", 8000, "auto", "auto", None),
        (None, "0.0.0.0", 80, "auto", "onnx", None),
        (None, "0.0.0.0", 8000, "auto", "auto", "secret"),
    ]


def test_a_missing_library_is_named_with_what_installs_it(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    status, _, told = run("serve")
    assert status == 1 and "pip install 'captioner[serve]'" in told


def test_an_address_that_is_taken_is_told_before_models_are_loaded(run, model_folder, monkeypatch):
    monkeypatch.setattr(ModelRegistry, "get", lambda *_: pytest.fail("a model was loaded"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, out, told = run("serve", "--port", port, "--model", model_folder)
    assert (status, out) == (2, "") and f"127.0.0.1, port {port}: cannot be had" in told
    assert run("serve", "--host", "256.1.1.1", "--model", model_folder)[0] == 2


def test_models_of_other_senses_are_refused(run, model_folder):
    status, _, told = run("serve", "--model", model_folder, "--model", "digits")
    assert status == 2 and "digits: the server captions photos and translates" in told


def test_a_model_that_cannot_be_loaded_ends_it(tmp_path):
    from captioner.server.launch import running

    (tmp_path / "config.json").write_text("{}")
    with (
        pytest.raises(ModelError, match=r"config\.json"),
        running(ModelRegistry([tmp_path], "cpu")),
    ):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_what_waits_and_ends_without_a_word(model_folder, photos, kind):
    command = [
        sys.executable,
        "-m",
        "captioner",
        "serve",
        "--port",
        "0",
        "--model",
        str(model_folder),
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[1].removesuffix("/docs")
        answer = httpx.post(f"{url}/caption", files={"photo": photos[0].read_bytes()}, timeout=60)
        assert answer.json()["model"] == "model"
        process.send_signal(kind)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out, err) == (0, "", "")
    finally:
        process.kill()
