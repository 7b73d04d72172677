"""A run that goes on from another model keeps its words, and gives new ones rows of their own."""

import pytest
import torch

from captioner.errors import ConfigError
from captioner.model.captioner_model import CaptionerModel
from captioner.training import train
from captioner.training.initial_weights import begin_with

A, RED, PHOTO, NEW, ALONE = 4, 5, 6, 13, 14  # of 13 words, the four special tokens among them


@pytest.mark.parametrize("tied", [True, False])
def test_new_words_begin_as_the_mean_of_those_beside_them(make_model, tied):
    old = make_model(decoder={"tie_embeddings": tied})
    assert old.config.vocab_size == NEW
    torch.nn.init.normal_(old.decoder.logits.bias)
    config = type(old.config)(**old.config.to_dict() | {"vocab_size": 15})
    new = CaptionerModel(config)
    targets = [[[1, A, NEW, RED, A], [1, PHOTO, A, A, NEW]], [[1, ALONE, ALONE]]]  # 1 is BOS
    begin_with(new, old.own_state_dict(), "old", targets)
    rows = [(old.decoder.embedding.weight, new.decoder.embedding.weight)]
    rows += [
        (old.decoder.logits.weight, new.decoder.logits.weight),
        (old.decoder.logits.bias, new.decoder.logits.bias),
    ]
    for before, after in rows:
        assert after[:NEW].equal(before)
        torch.testing.assert_close(after[NEW], before[[A, RED]].mean(0))
        torch.testing.assert_close(after[ALONE], before.mean(0))


def test_a_model_of_fewer_words_or_other_widths_does_not_fit(make_model):
    old = make_model()
    weights = old.own_state_dict()
    with pytest.raises(ConfigError, match="initial_model: wide does not fit, as in decoder"):
        begin_with(make_model(decoder={"hidden_dim": 15}), weights, "wide", [])
    fewer = CaptionerModel(type(old.config)(**old.config.to_dict() | {"vocab_size": 9}))
    with pytest.raises(ConfigError, match="initial_model: long does not fit"):
        begin_with(fewer, weights, "long", [])


def test_a_run_from_another_model_writes_words_that_it_had_not(
    tiny_config, make_model, tmp_path, photos
):
    folder = tmp_path / "model"
    old = make_model()
    old.save_pretrained(folder)
    (tmp_path / "captions.csv").write_text(
        "image,caption\n"
        + "".join(f"{photo.name},a birthday photo of grandmother\n" for photo in photos)
    )
    data = {"captions": str(tmp_path / "captions.csv"), "train_split": "", "val_split": ""}
    training = {"initial_model": str(folder), "epochs": 25, "patience": 25, "learning_rate": 0.02}
    config = tiny_config(
        data=data, encoder={"dropout": 0.0}, decoder={"dropout": 0.0}, training=training
    )
    best = CaptionerModel.from_pretrained(train(config))
    known, grown = old.tokenizer.get_vocab(), best.tokenizer.get_vocab()
    assert known.items() < grown.items()
    assert grown.keys() - known.keys() == {"birthday", "grandmother", "of"}
    with torch.inference_mode():
        found = best.search(best.encode(torch.zeros(1, 3, 32, 64)), best.search_config)
    assert best.decode(found[0]) == ["a birthday photo of grandmother"]


def test_the_most_words_hold_for_old_and_new_ones_together(tiny_config, make_model, tmp_path):
    folder = tmp_path / "model"
    old = make_model()
    old.save_pretrained(folder)
    config = tiny_config(
        data={"max_vocab_size": NEW + 2}, training={"initial_model": str(folder), "epochs": 1}
    )
    assert len(CaptionerModel.from_pretrained(train(config)).tokenizer) == NEW + 2
