"""Numbers that visitors and programs send: whole and small enough, or refused with a sentence."""

import pytest

from captioner.errors import UsageError
from captioner.web.controls import within


@pytest.mark.parametrize("value", [3, 3.0])
def test_whole_numbers_are_taken(value):
    assert within("num_captions", value, 10) == 3


@pytest.mark.parametrize("value", [2.5, float("inf"), float("nan"), "3", True, None])
def test_anything_else_is_refused(value):
    with pytest.raises(UsageError, match="num_captions must be a whole number"):
        within("num_captions", value, 10)


def test_a_number_that_is_too_large_is_refused():
    with pytest.raises(UsageError, match="num_captions is 11; this page allows at most 10"):
        within("num_captions", 11, 10)
