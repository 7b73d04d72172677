"""What is recognised: probabilities add up within a name, and of related names one is taken."""

import pytest
import torch
from torch import Tensor

from captioner.concepts.seen import MIN_PROBABILITY, Seen, recognise
from captioner.concepts.table import NUM_CLASSES, names


def photo(**shares: float) -> Tensor:
    """Probabilities of classes, by the number of each: `_7=0.5`; the rest are next to nothing."""
    probabilities = torch.full((1, NUM_CLASSES), 1e-6)
    for name, share in shares.items():
        probabilities[0, int(name[1:])] = share
    return probabilities


def told(seen: Seen, row: int = 0) -> dict[str, float]:
    """The names that are spoken of."""
    chosen = seen.mask[row]
    texts = [names()[index].text for index in seen.name_ids[row][chosen].tolist()]
    return dict(zip(texts, seen.probabilities[row][chosen].tolist(), strict=True))


def test_breeds_add_up_to_a_dog():
    found = told(recognise(photo(_151=0.3, _207=0.3, _254=0.2, _293=0.15), 3))
    assert list(found) == ["dog", "cheetah"]
    assert found["dog"] == pytest.approx(0.8, abs=0.02)
    assert found["cheetah"] == pytest.approx(0.15)


def test_of_a_broad_and_a_narrow_name_the_one_that_fits_is_taken():
    """472 is a canoe, 625 a lifeboat and 814 a speedboat."""
    assert list(told(recognise(photo(_472=0.8, _814=0.1), 3))) == ["canoe"]
    assert list(told(recognise(photo(_472=0.4, _814=0.3, _625=0.2), 3))) == ["boat"]


def test_nothing_unlikely_is_spoken_of():
    assert told(recognise(photo(_293=MIN_PROBABILITY * 0.9), 4)) == {}
    assert told(recognise(photo(_293=MIN_PROBABILITY * 1.1), 4)) != {}


def test_names_are_best_first_and_no_more_than_asked_for():
    seen = recognise(photo(_293=0.2, _760=0.3, _340=0.25, _385=0.15), 3)
    assert list(told(seen)) == ["refrigerator", "zebra", "cheetah"]
    assert seen.name_ids.shape == (1, 3)


def test_a_batch_of_three_equals_three_photos():
    probabilities = torch.cat([photo(_293=0.6), photo(_207=0.5, _879=0.3), photo(_0=0.1)])
    together = recognise(probabilities, 5)
    for row in (2, 0, 1):
        alone = recognise(probabilities[row : row + 1], 5)
        assert told(alone) == told(together, row) == told(together.select(torch.tensor([1, row])), 1)


def test_the_classes_are_kept():
    assert torch.equal(recognise(photo(_293=0.6), 2).classes, photo(_293=0.6))
