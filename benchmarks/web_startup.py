"""How long the web page takes from start to the first answer, beside a bare Gradio page.

    python benchmarks/web_startup.py [--repeats 3]

Each start is a process of its own; the time ends when the first request for the page is answered.
The model is loaded after that, in the background, so the time until the first caption is printed
too.
"""

import argparse
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

HELLO = """
import sys
import torch
import gradio as gr
with gr.Blocks(analytics_enabled=False) as page:
    gr.Interface(lambda name: f"Hello {name}", "text", "text")
page.launch(server_port=int(sys.argv[1]), quiet=True, share=False)
"""

OURS = """
import sys
from captioner.web.launch import serve
serve(host="127.0.0.1", port=int(sys.argv[1]))
"""


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return int(any_port.getsockname()[1])


def answered(url: str, timeout_s: float) -> float:
    """Wait until a page is served, and return the moment, seconds of `time.perf_counter`."""
    until = time.perf_counter() + timeout_s
    while time.perf_counter() < until:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                answer.read()
            return time.perf_counter()
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise SystemExit(f"no page after {timeout_s} s")


def first_caption(url: str) -> float:
    """Caption a sample photo by the page, and return the moment."""
    from gradio_client import Client, handle_file

    from captioner.pretrained.samples import sample_photos

    client = Client(url, verbose=False, analytics_enabled=False)
    client.predict(photo=handle_file(sample_photos()[0]), api_name="/caption")
    return time.perf_counter()


def start(program: str, with_caption: bool = False) -> tuple[float, float]:
    """Return the seconds from start to a served page, and to a first caption where there is one."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(port)], env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    try:
        served = answered(url, 300) - begin
        return served, first_caption(url) - begin if with_caption else served
    finally:
        process.terminate()
        process.wait(60)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    hello = [start(HELLO)[0] for _ in range(repeats)]
    ours = [start(OURS, with_caption=True) for _ in range(repeats)]
    bare, page = statistics.median(hello), statistics.median(served for served, _ in ours)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, median"
        f" of {repeats}"
    )
    print(f"bare Gradio page with torch imported  {bare:6.1f} s")
    print(f"the page of captioner                 {page:6.1f} s = {page / bare:.2f} of it")
    print(
        "its first caption                    "
        f" {statistics.median(first for _, first in ours):6.1f} s after the start"
    )


if __name__ == "__main__":
    main()
