"""Serves the page, by default to this machine alone, and leaves no files behind."""

import hmac
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import gradio as gr
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from captioner.allocator import keep_freed_memory
from captioner.errors import UsageError
from captioner.terminal import print_told
from captioner.web.access import PAST_PROXIES, environment, listening, needed_password
from captioner.web.limits import Limits
from captioner.web.page import build_page
from captioner.web.registry import ModelRegistry
from captioner.web.theme import SCRIPT, STYLE, theme

# The browser loads nothing from other servers, even if a file or a later Gradio asks for it.
# Gradio's own scripts need inline code and eval; Hugging Face shows the page in a frame.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self'"
        " 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; font-src"
        " 'self' data:; worker-src 'self' blob:; connect-src 'self' data: blob:; object-src 'none';"
        " base-uri 'self'; form-action 'self'; frame-ancestors 'self' https://huggingface.co"
        " https://*.hf.space"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class SafeHeaders:
    """Adds the headers that tell a browser what the page may do."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)


@contextmanager
def served(
    models: Sequence[Path] | None = None,
    host: str | None = None,
    port: int | None = None,
    device: str = "auto",
    limits: Limits | None = None,
) -> Iterator[gr.Blocks]:
    """Serve the page while the block runs; the yielded page's `local_url` is its address.

    Args:
        models: Folders of models; None for all that ship.
        host: The address to serve to; None for GRADIO_SERVER_NAME, or 127.0.0.1 if it is not set.
        port: The port; None for GRADIO_SERVER_PORT, or the first free one from 7860 on.
        device: As in `captioner.load`.
        limits: What one visitor may ask for.

    Raises:
        ModelError: A folder holds no model.
        UsageError: The address cannot be bound, or the page does not start.
    """
    limits = limits or Limits()
    keep_freed_memory()
    registry = ModelRegistry(models, device, limits)
    host = (host or os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1").strip("[]")
    listening(host, port or 0).close()  # else Gradio would try a hundred ports, 5 s each
    with (
        tempfile.TemporaryDirectory(prefix="captioner-web-") as folder,
        # Gradio keeps files in a folder of this page alone, which only its user may read.
        environment(GRADIO_TEMP_DIR=folder),
    ):
        with environment(**PAST_PROXIES):
            page = build_page(registry, limits)
            _launch(page, host, port, limits)
        registry.load_all()  # not earlier, since importing torch would delay the page
        try:
            yield page
        finally:
            page.close(verbose=False)


def _launch(page: gr.Blocks, host: str, port: int | None, limits: Limits) -> None:
    password = needed_password()
    try:
        page.launch(
            server_name=f"[{host}]" if ":" in host else host,  # as IPv6 stands in URLs
            server_port=port,
            auth=_asks_for(password) if password else None,
            auth_message="The password of this page; any name will do." if password else None,
            max_file_size=limits.file_bytes,
            show_error=False,  # other errors may name files of this machine
            share=False,
            enable_monitoring=False,
            run_history=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            footer_links=["api", "settings"],
            app_kwargs={"middleware": [Middleware(SafeHeaders)]},
            theme=theme(),
            css=STYLE,
            js=SCRIPT,
            quiet=True,
            prevent_thread_lock=True,
            # By then the page has answered. Gradio would ask once more, and demand a public address
            # if a busy machine took 3 s to answer.
            _frontend=False,
        )
    except Exception as error:  # of Gradio, uvicorn, httpx, or bad environment variables
        raise UsageError(f"the page does not start ({error or type(error).__name__})") from error


def serve(
    models: Sequence[Path] | None = None,
    host: str | None = None,
    port: int | None = None,
    device: str = "auto",
) -> None:
    """Serve the page until it is interrupted; the arguments are those of `served`."""
    ended = threading.Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, lambda *_: ended.set())
    with served(models, host, port, device) as page:
        print_told(f"captioner: {page.local_url} (Ctrl-C ends it)")
        ended.wait()


def _asks_for(password: str) -> Callable[[str, str], bool]:
    def right(_name: str, given: str) -> bool:
        return hmac.compare_digest(given.encode(), password.encode())

    return right
