"""The models that ship: small, described, and able to caption the sample photographs."""

import os
from pathlib import Path

import pytest

from captioner import load
from captioner.evaluation import evaluate, read_examples
from captioner.model_list import describe_models
from captioner.pipeline import list_models
from captioner.samples import sample_photos

MAX_MB = {
    "digits": 4,
    "flickr8k": 16,
    "multi30k-en-de": 8.5,
    "multi30k-en-fr": 8.5,
}
SCORES = {
    "digits": ("WER", "Spoken Digit"),
    "flickr8k": ("CIDEr", "Flickr8k"),
    "multi30k-en-de": ("BLEU", "Multi30k"),
    "multi30k-en-fr": ("BLEU", "Multi30k"),
}


def test_each_is_small_described_and_nothing_but_data():
    folders = list_models()
    assert [folder.name for folder in folders] == list(MAX_MB)
    for folder in folders:
        assert sum(file.stat().st_size for file in folder.iterdir()) < MAX_MB[folder.name] * 1e6
        assert {file.suffix for file in folder.iterdir()} <= {".json", ".md", ".png", ".safetensors"}
    for line, (name, (score, data)) in zip(describe_models(), SCORES.items(), strict=True):
        assert line.startswith(f"{name}\t") and score in line and data in line


def test_sample_photographs_are_captioned_in_plain_words():
    model = load("flickr8k")
    penalty = model.options().length_penalty
    results = model.caption(sample_photos(), num_captions=2)
    for result in results:
        assert 4 <= len(result.text.split()) <= 20
        assert "<" not in result.text
        first, second = (one.log_prob / (len(one.words) + 1) ** penalty for one in result.candidates)
        assert first >= second


def test_a_sentence_is_translated():
    result = load("multi30k-en-de").translate("Two dogs run across the grass.", num_captions=2)
    words = result.text.lower().split()
    assert "hunde" in words and "gras" in result.text.lower()
    assert result.candidates[0].log_prob > result.candidates[1].log_prob - 1
    source, target = result.source_words.index("dogs"), words.index("hunde")
    assert result.attention[target].argmax() == source


def test_a_sentence_is_translated_into_french():
    assert "deux chiens" in load("multi30k-en-fr").translate("Two dogs run across the grass.").text.lower()


@pytest.mark.slow
@pytest.mark.skipif("CAPTIONER_DATA" not in os.environ, reason="needs the photos of Flickr8k in CAPTIONER_DATA")
def test_scores_on_real_photographs_are_those_of_its_card():
    data = Path(os.environ["CAPTIONER_DATA"]) / "flickr8k"
    model = load("flickr8k")
    examples = read_examples(data / "images", data / "captions.txt", str(data / "val.txt"))[:100]
    report, _ = evaluate(model, examples, model.options(), batch_size=20)
    assert report.scores["CIDEr"] > 40
    assert report.scores["BLEU-4"] > 17
