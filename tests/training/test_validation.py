"""Validation captions each photo once and scores it."""

from pathlib import Path

import pytest
import torch
from accelerate import Accelerator

from captioner.data.examples import CaptionExample
from captioner.training import validation
from captioner.training.validation import Validation


class Counted:
    """Random pixels of seven photos; counts how often each is asked for."""

    num_views = 1

    def __init__(self) -> None:
        self.pixels = torch.randn(7, 3, 32, 64, generator=torch.Generator().manual_seed(0))
        self.asked: list[int] = []

    def load(self, photos, views, seed):
        assert list(views) == [0] * len(photos)
        self.asked += photos
        return self.pixels[list(photos)]


EXAMPLES = [CaptionExample(Path(f"{n}.jpg"), ("a red photo", "a green picture")[: 1 + n % 2], n) for n in range(7)]


@pytest.mark.parametrize("batch_photos", [1, 3, 7, 32])
def test_each_photo_is_decoded_once(make_model, monkeypatch, batch_photos):
    monkeypatch.setattr(validation, "BATCH_PHOTOS", batch_photos)
    model, source = make_model(), Counted()
    options = model.search_config.model_copy(update={"num_captions": 3, "sample": True})
    report = Validation(EXAMPLES, source, options, Accelerator())(model.train(), from_features=False)
    assert source.asked == list(range(7))
    assert report.num_images == 7
    assert not model.training
    monkeypatch.setattr(validation, "BATCH_PHOTOS", 32)
    expected = Validation(EXAMPLES, source, model.search_config, Accelerator())(model, from_features=False)
    assert report.scores == expected.scores
