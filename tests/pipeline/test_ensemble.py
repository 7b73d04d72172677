"""Several models write together: the mean of their log-probabilities, in every modality, batched as
alone.
"""

from pathlib import Path

import pytest
import torch

from captioner.errors import ModelError, UsageError
from captioner.modules.memory import Memory
from captioner.pipeline import Captioner, Translator, load


@pytest.fixture
def folders(make_model, tmp_path) -> list[Path]:
    """Two models of one vocabulary: of other weights, widths, attention and number of positions."""
    wide = make_model(
        encoder={"dim": 16}, decoder={"attention": "additive", "hidden_dim": 18, "cell": "gru"}
    )
    for name, model in (("one", make_model()), ("two", wide)):
        with torch.no_grad():
            for parameter in model.decoder.parameters():
                parameter.mul_(3)  # far from each other
        model.save_pretrained(tmp_path / name)
    return [tmp_path / "one", tmp_path / "two"]


def log_probs_of(model: object, memory: Memory, token_ids: tuple[int, ...]) -> torch.Tensor:
    """What a model alone gives each word at each position of a text."""
    with torch.no_grad():
        logits, _ = model.decoder(torch.tensor([[model.config.bos_token_id, *token_ids]]), memory)
    return logits[0].log_softmax(-1)


def test_a_text_has_the_mean_of_the_models_log_probabilities(folders, photos):
    together, alone = (
        load(folders, device="cpu"),
        [load(folder, device="cpu").model for folder in folders],
    )
    assert isinstance(together, Captioner) and together.name == "one+two"
    pixels = together.preprocess(together.preprocess.read(photos[0]))[None]
    (hypotheses,) = together.model.search(
        together.model.encode(pixels), together.options(num_captions=3, beam_size=4)
    )
    for one in hypotheses:
        first, second = (
            log_probs_of(model, model.encode(pixels), one.token_ids) for model in alone
        )
        assert (first - second).abs().max() > 0.1
        written = [*one.token_ids, together.model.config.eos_token_id][: len(one.token_log_probs)]
        expected = ((first + second) / 2).log_softmax(-1)[range(len(written)), written]
        assert one.token_log_probs == pytest.approx(expected.tolist(), abs=1e-4)


def test_a_model_with_itself_writes_what_it_writes_alone(folders, photos):
    alone, twice = load(folders[1], device="cpu"), load([folders[1]] * 2, device="cpu")
    for photo in photos:
        one, other = alone.caption(photo, num_captions=2), twice.caption(photo, num_captions=2)
        assert [each.text for each in one.candidates] == [each.text for each in other.candidates]
        assert one.log_prob == pytest.approx(other.log_prob, abs=1e-4)


def test_photos_of_a_batch_are_captioned_as_each_alone(folders, photos):
    together = load(folders, device="cpu")
    for sampled in ({}, {"sample": True, "seed": 3}):
        results = together.caption(list(photos) * 7, **sampled)  # more than are encoded at once
        assert len({result.text for result in results}) > 1 or len(photos) == 1
        if not sampled:
            for photo, result in zip(photos, results[: len(photos)], strict=True):
                assert result.text == together.caption(photo).text


def test_sentences_are_translated_together(make_sentence_model, sentence_model_folder, tmp_path):
    other = make_sentence_model(decoder={"hidden_dim": 18})
    other.save_pretrained(tmp_path / "other")
    together = load([sentence_model_folder, tmp_path / "other"], device="cpu")
    assert isinstance(together, Translator)
    texts = ["two dogs", "two dogs play in the snow."]
    for text, result in zip(texts, together.translate(texts), strict=True):
        assert result.text == together.translate(text).text


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"image": {"height": 64}}, "they differ in input"), ({}, "they differ in vocabulary")],
)
def test_models_that_do_not_fit_are_told(make_model, folders, tmp_path, changes, message):
    from captioner.preprocess.tokenization import train_word_tokenizer

    other = make_model(**changes)
    if not changes:
        other.tokenizer = train_word_tokenizer(
            ["another red photo, dark on the left", "a picture"], 1, 20
        )
    other.save_pretrained(tmp_path / "other")
    with pytest.raises(ModelError, match=message):
        load([folders[0], tmp_path / "other"], device="cpu")


def test_senses_do_not_mix_and_transformers_models_write_alone(folders, sentence_model_folder):
    with pytest.raises(ModelError, match="they differ in modality"):
        load([folders[0], sentence_model_folder], device="cpu")
    with pytest.raises(UsageError, match="no model is named"):
        load([], device="cpu")
    with pytest.raises(UsageError, match="writes alone"):
        load([folders[0], "hf:someone/blip"], device="cpu")


def test_the_command_line_takes_several(run, folders, photos):
    options = [part for folder in folders for part in ("--model", folder)]
    status, out, err = run("caption", photos[0], *options, "--device", "cpu")
    assert (status, err) == (0, "")
    assert out == f"{photos[0]}\t{load(folders, device='cpu').caption(photos[0]).text}\n"
    status, _, err = run("caption", photos[0], *options, "--engine", "ray")
    assert status == 2 and "each worker has one model" in err
