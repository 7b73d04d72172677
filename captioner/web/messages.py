"""Shows every failure as a sentence on the page, without traceback or server paths."""

import functools
import html
import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr

from captioner.errors import CaptionerError
from captioner.web.without_folders import without_folders

LOG = logging.getLogger(__name__)
UNKNOWN = (
    "Something went wrong in the server, which has noted it in its log. Nothing that was"
    " done is lost."
)


def told(work: Callable[..., Any], to_program: bool = False) -> Callable[..., Any]:
    """Wrap a handler so that its errors become sentences for the visitor.

    Args:
        work: The handler, a function or a generator function.
        to_program: Whether programs call it. For a browser, messages are escaped as HTML.
    """
    if inspect.isgeneratorfunction(work):

        @functools.wraps(work)
        def steps(*values: Any) -> Iterator[Any]:
            with sentences(to_program):
                yield from work(*values)

        return steps

    return sentences(to_program)(work)


@contextmanager
def sentences(to_program: bool = False) -> Iterator[None]:
    """Turn exceptions into the error that Gradio shows to a visitor or returns to a program."""
    try:
        yield
    except gr.Error:
        raise
    except CaptionerError as error:
        text = without_folders(str(error))
        raise _shown(text if to_program else html.escape(text)) from error
    except Exception as error:
        LOG.exception("the web page failed")
        raise _shown(UNKNOWN) from error


def _shown(text: str) -> gr.Error:
    return gr.Error(text, duration=None, title="This did not work", print_exception=False)
