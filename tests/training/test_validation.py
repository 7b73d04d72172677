"""Validation decodes each item once and scores it."""

import pytest
import torch
from accelerate import Accelerator

from captioner.metrics import Scorer
from captioner.metrics.translation import TranslationScorer
from captioner.preprocess.text import pad_sources
from captioner.training import validation
from captioner.training.validation import Validation


class Counted:
    """Seven items; counts how often each is asked for."""

    def __init__(self, make_batch) -> None:
        self.make_batch = make_batch
        self.asked: list[int] = []

    def load(self, numbers, views, seed):
        assert list(views) == [0] * len(numbers)
        self.asked += numbers
        return self.make_batch(list(numbers))


class Made:
    """As much of a task as validation sees."""

    num_val = 7
    from_features = False

    def __init__(self, make_batch, scorer) -> None:
        self.val, self.scorer = Counted(make_batch), scorer


def photos() -> Made:
    pixels = torch.randn(7, 3, 32, 64, generator=torch.Generator().manual_seed(0))
    references = {n: ("a red photo", "a green picture")[: 1 + n % 2] for n in range(7)}
    return Made(lambda numbers: pixels[numbers], Scorer(references))


def sentences() -> Made:
    ids = [[4 + n] * n for n in range(7)]
    scorer = TranslationScorer({n: [f"zwei Hunde {n}"] for n in range(7)})
    return Made(lambda numbers: pad_sources([ids[n] for n in numbers], 2, 0), scorer)


@pytest.mark.parametrize("batch_items", [1, 3, 7, 32])
@pytest.mark.parametrize("sense", ["photos", "sentences"])
def test_each_item_is_decoded_once(make_model, make_sentence_model, monkeypatch, batch_items, sense):
    model, make = (make_model(), photos) if sense == "photos" else (make_sentence_model(), sentences)
    options = model.search_config.model_copy(update={"num_captions": 3, "sample": True})
    monkeypatch.setattr(validation, "BATCH_ITEMS", batch_items)
    task = make()
    report = Validation(task, options, Accelerator())(model.train())
    assert task.val.asked == list(range(7))
    assert report.num_items == 7
    assert not model.training
    monkeypatch.setattr(validation, "BATCH_ITEMS", 32)
    expected = Validation(make(), model.search_config, Accelerator())(model)
    assert report.scores == expected.scores
