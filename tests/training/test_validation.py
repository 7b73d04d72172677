"""Validation decodes each item once and scores it."""

import pytest
import torch
from accelerate import Accelerator

from captioner.metrics import Scorer
from captioner.metrics.translation import TranslationScorer
from captioner.preprocess.text import pad_sources
from captioner.training import validation
from captioner.training.validation import LOSS, Validation


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

    from_features = False
    val_languages = ()

    def __init__(self, make_batch, scorer, val_targets, selection_metric) -> None:
        self.val, self.scorer, self.val_targets = Counted(make_batch), scorer, val_targets
        self.selection_metric = selection_metric


def captioned(*captions: tuple[str, ...]) -> Made:
    pixels = torch.randn(len(captions), 3, 32, 64, generator=torch.Generator().manual_seed(0))
    return Made(
        lambda numbers: pixels[numbers], Scorer(dict(enumerate(captions))), captions, "CIDEr"
    )


def photos() -> Made:
    return captioned(*(("a red photo", "a green picture")[: 1 + n % 2] for n in range(7)))


def sentences() -> Made:
    ids = [[4 + n] * n for n in range(7)]
    targets = [(f"zwei Hunde {n}",) for n in range(7)]
    scorer = TranslationScorer(dict(enumerate(targets)))
    return Made(
        lambda numbers: pad_sources([ids[n] for n in numbers], 2, 0), scorer, targets, "chrF"
    )


@pytest.mark.parametrize("batch_items", [1, 3, 7, 32])
@pytest.mark.parametrize("modality", ["photos", "sentences"])
def test_each_item_is_decoded_once(
    make_model, make_sentence_model, monkeypatch, batch_items, modality
):
    model, make = (
        (make_model(), photos) if modality == "photos" else (make_sentence_model(), sentences)
    )
    options = model.search_config.model_copy(update={"num_captions": 3, "sample": True})
    monkeypatch.setattr(validation, "BATCH_ITEMS", batch_items)
    task = make()
    report = Validation(task, options, Accelerator(), 9)(model.train())
    assert task.val.asked == list(range(7)) * (2 if LOSS in report.scores else 1)
    assert report.num_items == 7
    assert not model.training
    monkeypatch.setattr(validation, "BATCH_ITEMS", 32)
    expected = Validation(make(), model.search_config, Accelerator(), 9)(model)
    assert report.scores == pytest.approx(expected.scores)


@pytest.mark.parametrize(
    ("captions", "in_vain"),
    [
        ([("a red photo", "a green picture")], True),
        ([("a red photo",), ("a red photo",)], True),
        (
            [
                ("a red photo", "a picture"),
                ("a picture", "a red photo"),
                ("a red photo", "a picture"),
            ],
            True,
        ),
        ([("a red photo",), ("a green picture",)], False),
        ([("a photo", "a red photo"), ("a photo", "a green photo")], False),
    ],
)
def test_a_score_that_cannot_rise_is_known_and_the_loss_told(make_model, captions, in_vain):
    model = make_model()
    validation = Validation(captioned(*captions), model.search_config, Accelerator(), 9)
    assert validation.is_in_vain() == in_vain
    report = validation(model)
    assert (LOSS in report.scores) == (report.scores["CIDEr"] == 0)
    assert in_vain <= (LOSS in report.scores)


@pytest.mark.parametrize("batch_items", [1, 2, 32])
def test_the_loss_is_that_of_the_targets_a_word(make_model, monkeypatch, batch_items):
    monkeypatch.setattr(validation, "BATCH_ITEMS", batch_items)
    model, captions = make_model(), [("a red photo", "a picture"), ("a red photo",), ("a picture",)]
    loss = Validation(captioned(*captions), model.search_config, Accelerator(), 2)(model).scores[
        LOSS
    ]
    task, losses, ids = captioned(*captions), [], model.config
    for number, texts in enumerate(captions):
        memory = model.encode(task.val.load([number], [0], 0))
        for words in model.tokenize(texts, 2):
            logits, _ = model.decoder(torch.tensor([[ids.bos_token_id, *words]]), memory)
            log_probs = logits[0].log_softmax(-1)
            losses += [
                -log_probs[at, word].item() for at, word in enumerate([*words, ids.eos_token_id])
            ]
    assert loss == pytest.approx(sum(losses) / len(losses), rel=1e-5)
