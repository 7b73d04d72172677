"""Sets how many threads a model may use; models that run side by side share the cores.

Torch has its own number in each thread. Where torch is loaded, ONNX Runtime uses that number, too.
"""

import os
import sys
from threading import local
from typing import Any

_own = local()


def num_threads() -> int:
    """Return how many threads the calling thread may use."""
    if (torch := _torch()) is not None:
        return int(torch.get_num_threads())
    return getattr(_own, "count", 0) or _default()


def set_num_threads(count: int) -> None:
    """Set how many threads the calling thread may use."""
    _own.count = count
    if (torch := _torch()) is not None:
        torch.set_num_threads(count)


def _torch() -> Any:
    """Return torch if the program has imported it: it is not imported for this alone."""
    return sys.modules.get("torch")


def _default() -> int:
    """Return what torch would take: `OMP_NUM_THREADS`, or the cores that the process may use."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdecimal() and int(told) > 0:
        return int(told)
    return available_cores()


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not everywhere
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
