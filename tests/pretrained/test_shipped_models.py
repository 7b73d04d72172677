"""The models that ship: small, described, and able to caption the sample photographs."""

import os
from pathlib import Path

import pytest

from captioner import load
from captioner.data.clips import in_groups, read_clips
from captioner.errors import ConfigError
from captioner.evaluation.actions import evaluate_actions
from captioner.evaluation.captions import evaluate, read_examples
from captioner.pipeline import list_models
from captioner.pretrained.registry import describe_models
from captioner.pretrained.samples import sample_clip, sample_photos

MAX_MB = {
    "actions": 4,
    "digits": 4,
    "en-de-fr": 24,
    "everyday": 16,
}
SCORES = {
    "actions": ("accuracy", "UCF-101"),
    "digits": ("WER", "Spoken Digit"),
    "en-de-fr": ("BLEU", "Tatoeba"),
    "everyday": ("CIDEr", "Flickr8k"),
}


def test_each_is_small_described_and_nothing_but_data():
    folders = list_models()
    assert [folder.name for folder in folders] == list(MAX_MB)
    for folder in folders:
        assert sum(file.stat().st_size for file in folder.iterdir()) < MAX_MB[folder.name] * 1e6
        assert {file.suffix for file in folder.iterdir()} <= {
            ".json",
            ".md",
            ".png",
            ".safetensors",
        }
    for line, (name, (score, data)) in zip(describe_models(), SCORES.items(), strict=True):
        assert line.startswith(f"{name}\t") and score in line and data in line


def test_sample_photographs_are_captioned_in_plain_words():
    model = load("everyday")
    penalty = model.options().length_penalty
    results = model.caption(sample_photos(), num_captions=2)
    for result in results:
        assert 4 <= len(result.text.split()) <= 20
        assert "<" not in result.text
        first, second = (
            one.log_prob / (len(one.words) + 1) ** penalty for one in result.candidates
        )
        assert first >= second


def test_the_cat_among_the_samples_is_detected_and_named():
    cat = load("everyday").caption(sample_photos()[0], concepts=2)
    assert "cat" in cat.text.split()
    assert [cat.concepts[0].name, len(cat.concepts)] == ["cat", 2]
    assert 0.5 < cat.concepts[0].probability <= 1


def test_no_detected_word_is_written_twice_but_for_common_ones():
    model = load("everyday")
    rare = set(model.model.config.encoder["concept_words"][20:])
    free = model.caption(sample_photos()[1], num_captions=5, no_repeat_concepts=False)
    for result, most in ((model.caption(sample_photos()[1], num_captions=5), 1), (free, 2)):
        counts = [
            one.words.count(word) for one in result.candidates for word in rare & set(one.words)
        ]
        assert max(counts) == most


def test_words_are_required_and_forbidden_at_once():
    model = load("everyday")
    photo = sample_photos()[0]
    steered = model.caption(
        photo, num_captions=2, required_words=("water", "Tiger"), banned_words=("cat",)
    )
    for one in steered.candidates:
        words = set(one.text.split())
        assert {"water", "tiger"} <= words and not words & {"cat", "cats"}
    with pytest.raises(
        ConfigError, match="this model cannot write 'giraff'; similar words are giraffe"
    ):
        model.options(required_words=("giraff",))


def test_a_caption_goes_on_from_a_beginning():
    model = load("everyday")
    begun = model.caption(sample_photos()[0], begin="a photo of a", required_words=("water",))
    assert begun.text.startswith("a photo of a ") and "water" in begun.text.split()
    assert len(begun.text.split()) > 5
    with pytest.raises(
        ConfigError,
        match="begin: this model cannot write 'giraff'; similar words are giraff",
    ):
        model.options(begin="two giraff")


def test_a_hint_makes_its_word_likelier():
    model, photo = load("everyday"), sample_photos()[0]
    free = model.caption(photo, required_words=("bed",))
    assert model.caption(photo, required_words=("bed",), hint=("bed",)).log_prob > free.log_prob


def test_a_sentence_is_translated():
    result = load("en-de-fr").translate("Two dogs run across the grass.", num_captions=2)
    words = result.text.lower().split()
    assert "hunde" in words and "gras" in result.text.lower()
    assert result.candidates[0].log_prob > result.candidates[1].log_prob - 1
    source, target = result.source_words.index("dogs"), words.index("hunde")
    assert result.attention[target].argmax() == source


def test_a_sentence_is_translated_into_french():
    result = load("en-de-fr").translate("Two dogs run across the grass.", target="fr")
    assert "deux chiens" in result.text.lower()


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        ("Where is my book?", "de", "Wo ist mein Buch?"),
        ("I don't know.", "fr", "Je ne sais pas."),
        ("Ein Mann liest ein Buch.", "en", "A man is reading a book."),
        ("Ein Mann liest ein Buch.", "fr", "Un homme lit un livre."),
        ("Je ne sais pas.", "en", "I don't know."),
        ("Un homme lit un livre.", "de", "Ein Mann liest ein Buch."),
    ],
)
def test_one_model_translates_in_six_directions(text, target, expected):
    assert load("en-de-fr").translate(text, target=target).text == expected


def test_german_becomes_french_by_way_of_english():
    model, text = load("en-de-fr"), "Ein Mann liest ein Buch. Zwei Hunde spielen im Schnee!"
    assert model.through == {"de-fr": "en", "fr-de": "en"}
    result = model.translate(text, source="de", target="fr", num_captions=2)
    english = model.translate(text, source="de", target="en")
    french = model.translate(english.text, source="en", target="fr", num_captions=2)
    assert [one.text for one in result.candidates] == [one.text for one in french.candidates]
    assert result.log_prob == pytest.approx(english.log_prob + french.log_prob, abs=1e-4)
    assert [one.source for one in result.sentences] == ["Ein Mann liest ein Buch.", text[25:]]
    assert (2, 2) in result.alignments and result.attention.shape == (
        len(result.candidates[0].words),
        10,
    )


def test_a_clip_has_each_of_six_actions_with_some_probability():
    result = load("actions").recognize(sample_clip(), top=10)
    actions = {"Archery", "BasketballDunk", "HorseRace", "PlayingPiano", "PlayingViolin", "Surfing"}
    assert set(result.probabilities) == actions
    assert 0.9 < sum(result.probabilities.values()) <= 1


@pytest.mark.slow
@pytest.mark.skipif(
    "CAPTIONER_DATA" not in os.environ, reason="needs clips of UCF-101 in CAPTIONER_DATA"
)
def test_actions_of_real_clips_are_named():
    clips = in_groups(read_clips(Path(os.environ["CAPTIONER_DATA"]) / "ucf101"), (8, 9))
    found = evaluate_actions(load("actions"), clips, 2)
    assert found.report.scores["accuracy"] > 90


@pytest.mark.slow
@pytest.mark.skipif(
    "CAPTIONER_DATA" not in os.environ, reason="needs the photos of Flickr8k in CAPTIONER_DATA"
)
def test_scores_on_real_photographs_are_those_of_its_card():
    data = Path(os.environ["CAPTIONER_DATA"]) / "flickr8k"
    model = load("everyday")
    examples = read_examples(data / "images", data / "captions.txt", str(data / "val.txt"))[:100]
    report, _ = evaluate(model, examples, model.options(), batch_size=20)
    assert report.scores["CIDEr"] > 40
    assert report.scores["BLEU-4"] > 17
