"""Handles Ctrl-C: the first stops after the current batch, the second stops at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from captioner.terminal import print_notes


@contextmanager
def stop_by_interrupt() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether the user pressed Ctrl-C.

    A second Ctrl-C raises the usual `KeyboardInterrupt`.
    """
    pressed = threading.Event()
    # Only the main thread may handle signals.
    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return
    before = signal.getsignal(signal.SIGINT)

    def press(number: int, frame: FrameType | None) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print_notes("\nthe batch in hand is finished first; Ctrl-C again ends at once")

    signal.signal(signal.SIGINT, press)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)
