"""`serve`: starts the HTTP server for programs."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from captioner.commands.options import Device, Host
from captioner.pretrained.registry import find_model
from captioner.terminal import print_note

LIBRARIES = ("fastapi", "fastapi_offline", "uvicorn", "python_multipart", "prometheus_client")


def serve(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")] = 8000,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A model that `captioner models` lists, or a folder; may be repeated. Default: all"
            " that ship and caption photos or translate."
        ),
    ] = None,
    device: Device = "auto",
    engine: Annotated[
        Literal["auto", "torch", "onnx", "openvino"],
        typer.Option(
            help="What runs models of photos: torch, ONNX Runtime (faster on a CPU), or OpenVINO"
            " (faster still on one with bfloat16)."
        ),
    ] = "auto",
) -> None:
    """Serve captions and translations to programs, over HTTP.

    They give the password of CAPTIONER_PASSWORD, if any.
    """
    from captioner.preprocess.opening import import_library
    from captioner.web.access import needed_password, warning_of

    for library in LIBRARIES:
        import_library(library, "serve")
    from captioner.server.launch import serve as run

    if warning := warning_of(host):
        print_note(f"captioner: {warning}")
    folders = [Path(find_model(name)) for name in model] if model else None
    run(folders, host, port, device, engine, needed_password())
