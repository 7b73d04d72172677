"""A run counts how its captions speak of what the classifier sees."""

import pytest
import torch

from captioner.concepts.table import names
from captioner.errors import ModelError
from captioner.training.naming import count_habits

DOG, CHEETAH = 207, 293


class Features:
    """Features by number: photo 0 is of one kind, all others of another."""

    def load(self, numbers, views, seed):
        return torch.stack([torch.full((2, 3, 5), float(number > 0)) for number in numbers])


def test_photos_in_which_a_name_was_seen_and_captions_that_mention_it(make_model, monkeypatch):
    model = make_model(encoder={"concepts": 2})

    def probabilities(features):
        rows = torch.full((len(features), 1000), 1e-6)
        rows[torch.arange(len(features)), torch.where(features[:, 0, 0, 0] > 0, CHEETAH, DOG)] = 0.9
        return rows

    monkeypatch.setattr(model.encoder, "class_probabilities", probabilities)
    monkeypatch.setattr(model.encoder, "project", torch.nn.Linear(5, 12))
    captions = [["A dog runs.", "Two poodles, running"], ["a red photo"] * 3, ["the cheetah", "a dog", "it", "it"]]
    assert count_habits(captions, Features(), model) == {"dog": [1, 1.0], "cheetah": [2, 0.25]}
    assert {name.text for name in names()} >= {"dog", "cheetah"}


def test_a_model_that_recognises_nothing_is_an_error(make_model):
    with pytest.raises(ModelError, match="concepts"):
        count_habits([["a"]], Features(), make_model())


def test_a_run_keeps_what_it_counted(tiny_config, tmp_path):
    from captioner.model.captioner_model import CaptionerModel
    from captioner.training import train

    config = tiny_config(encoder={"concepts": 2}, training={"epochs": 1, "output": str(tmp_path / "run")})
    model = CaptionerModel.from_pretrained(train(config))
    assert model.config.encoder["concepts"] == 2
    assert isinstance(model.config.naming, dict)
