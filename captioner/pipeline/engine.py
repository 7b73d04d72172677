"""Chooses the engine that runs a model: torch, or its graphs on ONNX Runtime or OpenVINO."""

import hashlib
import importlib.util
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from captioner import __version__
from captioner.errors import CacheError, CaptionerError, ModelError, UsageError
from captioner.onnx.model import ENCODER
from captioner.onnx.runtimes import find_runtime

if TYPE_CHECKING:
    import torch

ENGINES = ("auto", "torch", "onnx", "openvino")
EXPORT_PAYS_FROM = 1000
"""From so many photos on, an export is worth its 10 s, since it saves some 20 ms for each photo on
two cores.
"""

SOURCES = (
    "modules/arrays.py",
    "modules/attention.py",
    "modules/decoder.py",
    "modules/encoders/backbone.py",
    "modules/encoders/concepts.py",
    "modules/encoders/image.py",
    "modules/memory.py",
    "onnx/graphs.py",
)
"""The code on which exported graphs depend, beside the model's own files."""


def onnx_folder(model: str | Path, engine: str, device: str, num_photos: int) -> Path | None:
    """Return the folder with the graphs to run, or None if torch runs the model.

    `onnx` and `openvino` export a model that has no graphs yet, and keep them in the user's cache.
    `auto` uses graphs that exist already, and exports a folder's model only on a CPU and only if
    there are at least `EXPORT_PAYS_FROM` photos.

    Args:
        model: A folder, or a hub's `owner/name`.
        engine: One of `ENGINES`.
        device: The device to run the model on, as `find_device` takes it.
        num_photos: How many photos will be captioned, as far as is known.

    Raises:
        UsageError: There is no such engine, or it does not run on the device.
        ModelError: The engine is torch but the folder holds only graphs, or the model cannot be
            exported.
        MissingExtraError: The engine, or a library that exports, is not installed.
        CacheError: The cache cannot be written.
    """
    if engine not in ENGINES:
        raise UsageError(f"there is no engine {engine!r}: choose from {', '.join(ENGINES)}")
    exported = holds_graphs(model)
    if exported and engine == "torch":
        raise ModelError(
            f"{model} holds ONNX graphs, which torch cannot run: give the model that they were made"
            " of"
        )
    # find_device imports torch, so it is called only if needed: exported graphs run without torch.
    on_cpu = (exported and device in ("auto", "cpu")) or find_device(device).type == "cpu"
    if engine in ("onnx", "openvino") and not on_cpu:
        raise UsageError(
            f"the engine {engine} runs on the CPU alone: choose --device cpu, or --engine torch"
        )
    if exported and isinstance(model, Path):
        return model
    if engine == "torch" or not on_cpu:
        return None
    if engine != "auto":
        find_runtime(engine)
        from huggingface_hub import snapshot_download

        return _exported(Path(model if isinstance(model, Path) else snapshot_download(model)))
    if isinstance(model, str) or (num_photos < EXPORT_PAYS_FROM and not _is_kept(model)):
        return None
    if find_runtime(engine) is None or importlib.util.find_spec("onnxscript") is None:
        return None
    try:
        return _exported(model)
    except CaptionerError as error:
        logging.getLogger(__name__).warning(
            "captioner: torch runs the model, as ONNX Runtime cannot: %s", error
        )
        return None


def holds_graphs(model: str | Path) -> bool:
    """Tell whether a model is a folder that `captioner export` wrote."""
    return isinstance(model, Path) and (model / ENCODER).is_file()


def find_device(name: str) -> "torch.device":
    """Return torch's device of a name: `cpu`, `cuda`, `mps`, or `auto` for the fastest available.

    Raises:
        UsageError: There is no such device, or torch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise UsageError(
            "torch is not installed, which all models need but folders that `captioner export`"
            " wrote: pip install captioner"
        ) from error
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError):
        device = torch.device("meta")  # which is refused below
    if device.type not in ("cpu", "cuda", "mps"):
        raise UsageError(f"there is no device {name!r}: choose cpu, cuda, mps or auto")
    return device


def cache_folder() -> Path:
    """Return the folder of exported graphs: `captioner/onnx` in `XDG_CACHE_HOME` or `~/.cache`.

    Raises:
        CacheError: `XDG_CACHE_HOME` is not set, and the user has no home folder.
    """
    try:
        return (
            Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "captioner" / "onnx"
        )
    except RuntimeError as error:  # an unknown user, without HOME
        raise CacheError(
            "this user has no home to keep exported graphs in: set XDG_CACHE_HOME"
        ) from error


def _is_kept(model: Path) -> bool:
    """Tell whether a model's graphs are in the cache."""
    try:
        return _is_there(_place(model))
    except CacheError:
        return False


def _is_there(place: Path) -> bool:
    return os.path.isdir(place)  # noqa: PTH112 (pathlib raises where a folder above is closed)


def _place(model: Path) -> Path:
    """Return the folder for a model's graphs, named by a hash of its files, code and versions."""
    import torch

    digest = hashlib.sha256(f"{__version__} {torch.__version__}".encode())
    files = sorted([*model.glob("*.json"), *model.glob("*.safetensors")])
    for file in [*files, *(Path(__file__).parent.parent / name for name in SOURCES)]:
        digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return cache_folder() / digest.hexdigest()[:16]


def _exported(model: Path) -> Path:
    """Return the folder of a model's graphs in the cache; export them if they are not there yet."""
    place = _place(model)
    if _is_there(place):
        return place
    from captioner.model.captioner_model import CaptionerModel
    from captioner.onnx.graphs import export_onnx

    with _cache_errors(place):
        place.parent.mkdir(parents=True, exist_ok=True)
    loaded = CaptionerModel.from_pretrained(model)
    with (
        _cache_errors(place),
        tempfile.TemporaryDirectory(
            dir=place.parent, prefix=".part-", ignore_cleanup_errors=True
        ) as part,
    ):
        export_onnx(loaded, Path(part) / "graphs")
        if not place.is_dir():  # another process may have been faster
            (Path(part) / "graphs").rename(place)
    return place


@contextmanager
def _cache_errors(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CacheError(
            f"{place}: exported graphs cannot be kept there ({error}): set XDG_CACHE_HOME"
        ) from error
