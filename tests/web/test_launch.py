"""The page on a shared machine: who may reach it, what a browser may load, and what is left
behind.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from captioner.errors import UsageError
from captioner.web.access import listening
from captioner.web.launch import served


def test_it_is_served_to_this_machine_alone(url):
    assert url.startswith("http://127.0.0.1:")


def test_a_browser_may_load_nothing_from_elsewhere(url):
    page = httpx.get(url)
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    for directive in policy.split("; "):
        if not directive.startswith("frame-ancestors"):
            assert "http" not in directive
            assert "*" not in directive


def test_there_is_no_telemetry_no_share_and_no_monitoring(url):
    config = httpx.get(f"{url}config").json()
    assert config["analytics_enabled"] is False
    assert config.get("share_url") is None
    assert httpx.get(f"{url}monitoring/summary").status_code >= 400


@pytest.mark.parametrize("path", ["/etc/passwd", "../../../../etc/passwd", str(Path(__file__))])
def test_no_file_of_the_machine_is_served(url, path):
    assert httpx.get(f"{url}gradio_api/file={path}").status_code in (403, 404)


def test_an_upload_that_is_too_large_is_refused(url, limits):
    size = limits.file_bytes + 1
    answer = httpx.post(
        f"{url}gradio_api/upload", files={"files": ("a.jpg", b"\xff" * size)}, timeout=60
    )
    assert answer.status_code == 413


def test_with_a_password_nothing_is_served_without_it(model_folder, limits, monkeypatch):
    monkeypatch.setenv("CAPTIONER_PASSWORD", "geheim ü")
    with served([model_folder], "127.0.0.1", limits=limits) as page:
        url = str(page.local_url)
        assert httpx.get(f"{url}config").status_code == 401
        for path in ("gradio_api/info", "gradio_api/file=/tmp/x"):
            assert httpx.get(url + path).status_code == 401
        assert (
            httpx.post(f"{url}login", data={"username": "x", "password": "wrong"}).status_code
            == 400
        )
        with httpx.Client() as client:
            assert (
                client.post(
                    f"{url}login", data={"username": "x", "password": "geheim ü"}
                ).status_code
                == 200
            )


def test_uploads_are_removed_after_their_time_and_all_files_at_the_end(
    model_folder, limits, tmp_path, monkeypatch, photos
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = os.environ.get("GRADIO_TEMP_DIR")
    with served([model_folder], "127.0.0.1", limits=replace(limits, keep_s=1, sweep_s=1)) as page:
        url = str(page.local_url)
        (path,) = httpx.post(
            f"{url}gradio_api/upload", files={"files": ("a.png", photos[0].read_bytes())}
        ).json()
        assert Path(path).is_relative_to(tmp_path)
        assert Path(path).parent.parent.stat().st_mode & 0o077 == 0
        event = {
            "data": [
                {"path": path, "meta": {"_type": "gradio.FileData"}},
                "model",
                1,
                1,
                5,
                False,
                1,
                0,
            ]
        }
        httpx.post(f"{url}gradio_api/call/caption", json=event)
        until = time.monotonic() + 20
        while Path(path).exists() and time.monotonic() < until:
            time.sleep(0.2)
        assert not Path(path).exists()
    assert not list(tmp_path.glob("captioner-*"))
    assert os.environ.get("GRADIO_TEMP_DIR") == before


def test_a_port_that_is_taken_is_told(model_folder, url):
    port = int(url.rstrip("/").rpartition(":")[2])
    with pytest.raises(UsageError, match="port"), served([model_folder], "127.0.0.1", port):
        pass


@pytest.mark.parametrize(
    "host", ["256.1.1.1", "203.0.113.5", "no.such.invalid", "a" * 70 + ".example", "not a name"]
)
def test_an_address_that_cannot_be_had_is_told_at_once(model_folder, host):
    with pytest.raises(UsageError, match="cannot be had"), served([model_folder], host):
        pass


@pytest.mark.parametrize("host", ["::1", "[::1]", "localhost"])
def test_an_address_may_be_of_any_kind(model_folder, limits, host):
    if ":" in host:
        try:
            listening(host, 0).close()
        except UsageError:
            pytest.skip("this machine has no IPv6")
    with served([model_folder], host, limits=limits) as page:
        assert httpx.get(str(page.local_url), timeout=60).status_code == 200


def test_a_proxy_and_a_busy_machine_do_not_keep_the_page_from_starting(
    model_folder, limits, monkeypatch
):
    """Gradio asks the page whether it answers: by a proxy, unless told, and for 3 s."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "elsewhere.example")
    monkeypatch.setattr("gradio.networking.url_ok", lambda _: False)
    with served([model_folder], "127.0.0.1", limits=limits) as page:
        assert httpx.get(str(page.local_url), timeout=60, trust_env=False).status_code == 200
        assert os.environ["no_proxy"] == "elsewhere.example"


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "nonsense://127.0.0.1:1"])
def test_gradio_is_imported_whatever_proxy_there_is(proxy):
    code = "from captioner.commands.app import app; app(model=['no such model'])"
    environment = {**os.environ, "ALL_PROXY": proxy}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert "ModelError" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "error", [ValueError("invalid literal for int(): 'many'"), httpx.ConnectError("refused")]
)
def test_whatever_keeps_the_page_from_starting_is_named(model_folder, monkeypatch, error):
    def launch(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("gradio.Blocks.launch", launch)
    with (
        pytest.raises(UsageError, match=re.escape(f"the page does not start ({error})")),
        served([model_folder]),
    ):
        pass


def test_the_command_warns_where_all_may_come_in(monkeypatch):
    from captioner.cli import app

    calls = []
    monkeypatch.setattr("captioner.web.launch.serve", lambda *values: calls.append(values))
    monkeypatch.delenv("CAPTIONER_PASSWORD", raising=False)
    quiet = CliRunner().invoke(app, ["app"])
    loud = CliRunner().invoke(app, ["app", "--host", "0.0.0.0", "--port", "7999"])
    assert (quiet.exit_code, loud.exit_code) == (0, 0)
    assert calls == [(None, "127.0.0.1", None, "auto"), (None, "0.0.0.0", 7999, "auto")]
    assert "CAPTIONER_PASSWORD" not in quiet.output
    assert "anyone who reaches 0.0.0.0" in loud.output


@pytest.mark.slow
def test_the_command_serves_and_ends_when_told(tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "captioner.cli", "app"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = line.split()[1]
        assert httpx.get(address).status_code == 200
        process.terminate()
        assert process.wait(30) == 0
        assert not list(tmp_path.glob("captioner-web-*"))
    finally:
        process.kill()
