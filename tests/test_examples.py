"""The examples in docstrings of the public calls give the results that they show."""

import doctest
from importlib import import_module

import numpy as np
import pytest

import captioner
from captioner.pretrained.samples import sample_clip, sample_photos


@pytest.mark.slow
@pytest.mark.parametrize(
    "module",
    [
        "errors",
        *(
            f"pipeline.{part}"
            for part in ("captioner", "loading", "recognizer", "transcriber", "translator")
        ),
    ],
)
def test_examples_are_true(module):
    given = {
        "captioner": captioner,
        "np": np,
        "sample_clip": sample_clip,
        "sample_photos": sample_photos,
    }
    failed, tried = doctest.testmod(import_module(f"captioner.{module}"), extraglobs=given)
    assert tried and not failed
