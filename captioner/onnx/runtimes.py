"""Runs an ONNX graph on the CPU: by ONNX Runtime, or by OpenVINO, which may compute in bfloat16."""

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock, local
from typing import Any

from numpy.typing import NDArray

from captioner.errors import MissingExtraError, ModelError, UsageError
from captioner.threads import available_cores, num_threads

Run = Callable[[dict[str, NDArray[Any]]], list[NDArray[Any]]]
"""Takes arrays by name, and returns arrays in order."""


class Graph:
    """One ONNX graph on the CPU: it takes arrays by name, and returns arrays in order.

    It uses as many threads as the caller may use, so concurrent streams share the cores.

    Args:
        file: The graph.
        runtime: `onnx` for ONNX Runtime, or `openvino`.

    Raises:
        MissingExtraError: The runtime is not installed.
        ModelError: The file is missing or no graph.
    """

    def __init__(self, file: Path, runtime: str) -> None:
        self._file = file
        self._open = {"onnx": by_onnxruntime, "openvino": by_openvino}[runtime]
        self._opened: dict[int, Run] = {}
        self._opening = Lock()  # without it, streams that start together would each open a graph
        self._run()

    def __call__(self, **inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """Run the graph."""
        return self._run()(inputs)

    def _run(self) -> Run:
        count = num_threads()
        with self._opening:
            if count not in self._opened:
                self._opened[count] = self._open(self._file, count)
            return self._opened[count]


def by_onnxruntime(file: Path, threads: int) -> Run:
    """Open a graph in ONNX Runtime, in float32.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
        ModelError: The file is missing or no graph.
    """
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Waiting threads sleep, so that those that read photos can use the cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    with _graph_errors(file):
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return lambda inputs: list(session.run(None, inputs))


def by_openvino(file: Path, threads: int) -> Run:
    """Open a graph in OpenVINO, in bfloat16 where the CPU has it, else in float32.

    Raises:
        MissingExtraError: OpenVINO is not installed.
        ModelError: The file is missing or no graph.
    """
    openvino = import_openvino()
    # One graph serves all concurrent streams, each with its own threads.
    streams = max(1, available_cores() // threads)
    settings = {
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": streams * threads,
        "ENABLE_CPU_PINNING": False,  # threads that read photos share the cores
    }
    with _graph_errors(file):
        compiled = openvino.Core().compile_model(file, "CPU", settings)
    requests = local()  # a request serves one thread

    def run(inputs: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        if not hasattr(requests, "own"):
            requests.own = compiled.create_infer_request()
        return list(requests.own.infer(inputs, share_inputs=True).values())

    return run


@contextmanager
def _graph_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # neither runtime has a common base class of its errors
        reason = str(error).strip().splitlines()[-1]
        raise ModelError(
            f"{file}: no ONNX graph that can be run ({reason}): export the model again"
        ) from error


def find_runtime(engine: str) -> str | None:
    """Return the runtime for graphs, `onnx` or `openvino`, or None if neither is installed.

    Args:
        engine: One of these two, or `auto`, which takes OpenVINO on a CPU that computes in
            bfloat16, where it is a third faster, and ONNX Runtime on others.

    Raises:
        MissingExtraError: The requested runtime is not installed.
        UsageError: There is no such runtime.
    """
    modules = {"onnx": "onnxruntime", "openvino": "openvino"}
    there = [name for name, module in modules.items() if importlib.util.find_spec(module)]
    if engine == "auto":
        if "openvino" in there and ("onnx" not in there or computes_in_bfloat16()):
            return "openvino"
        return "onnx" if there else None
    if engine not in modules:
        raise UsageError(f"no runtime of graphs is called {engine!r}: choose onnx or openvino")
    if engine not in there:
        raise MissingExtraError(modules[engine], engine)
    return engine


@cache
def computes_in_bfloat16() -> bool:
    """Tell whether this CPU multiplies in bfloat16 (AMX or AVX-512), as OpenVINO sees it."""
    core = import_openvino().Core()
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def import_onnxruntime() -> Any:
    """Import ONNX Runtime with its telemetry turned off.

    Its official builds send telemetry by default. The environment variable prevents that from the
    start. If the program has already imported it, the call still stops it.

    Raises:
        MissingExtraError: It is not installed.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("onnxruntime", "onnx") from error
    onnxruntime.disable_telemetry_events()
    return onnxruntime


def import_openvino() -> Any:
    """Import OpenVINO without its telemetry.

    Its telemetry is a package of its own; OpenVINO works without it if it cannot be imported.

    Raises:
        MissingExtraError: It is not installed.
    """
    reporter = "openvino_telemetry"
    kept_out = sys.modules.setdefault(reporter, None) is None  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError as error:
        raise MissingExtraError("openvino", "openvino") from error
    finally:
        if kept_out:
            del sys.modules[reporter]
    return openvino
