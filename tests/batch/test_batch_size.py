"""The size of a batch grows while that pays, and shrinks for good where memory runs out."""

import pytest

from captioner.batch.batch_size import FIRST, TRIALS, BatchSize


def run(size, rate, batches=20):
    """Measure batches whose photos a second are a function of the size; return the sizes."""
    sizes = []
    for _ in range(batches):
        sizes.append(size.now)
        size.measured(size.now, size.now / rate(size.now))
    return sizes


def test_it_doubles_as_long_as_that_is_faster_and_goes_back_by_one():
    sizes = run(BatchSize(None, 512), lambda size: min(size, 128))
    assert sizes == [32] * TRIALS + [64] * TRIALS + [128] * TRIALS + [256] * TRIALS + [128] * (
        20 - 4 * TRIALS
    )


def test_it_stays_at_the_first_where_more_is_no_faster():
    assert run(BatchSize(None, 512), lambda size: 30)[-1] == FIRST


@pytest.mark.parametrize("largest", [1, 5, 16, 40])
def test_it_never_exceeds_the_largest(largest):
    assert max(run(BatchSize(None, largest), lambda size: size)) <= largest


def test_a_size_that_the_user_chose_stays():
    assert set(run(BatchSize(7, 512), lambda size: size)) == {7}


def test_the_last_batch_which_is_smaller_tells_nothing():
    size = BatchSize(None, 512)
    for _ in range(9):
        size.measured(3, 1e-9)
    assert size.now == FIRST


def test_without_memory_it_halves_for_good():
    size = BatchSize(None, 512)
    size.too_large(16)
    assert set(run(size, lambda size: size)) == {8}
    size.too_large(3)
    size.too_large(8)  # an earlier, larger batch that comes in late
    assert size.now == 1
    size.too_large(1)
    assert size.now == 1
