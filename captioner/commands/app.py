"""`app`: opens the web page."""

from pathlib import Path
from typing import Annotated

import typer

from captioner.commands.options import Device, Host
from captioner.pretrained.registry import find_model
from captioner.terminal import print_note


def app(
    host: Host = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Default: the first free one from 7860 on.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A model that `captioner models` lists, or a folder; may be repeated. Default: all"
            " that ship."
        ),
    ] = None,
    device: Device = "auto",
) -> None:
    """Open a web page for all of this; CAPTIONER_PASSWORD sets its password, if any."""
    from captioner.web.access import PAST_PROXIES, environment, warning_of

    with environment(**PAST_PROXIES):
        from captioner.web.launch import serve

    if warning := warning_of(host):
        print_note(f"captioner: {warning}")
    serve([Path(find_model(name)) for name in model] if model else None, host, port, device)
