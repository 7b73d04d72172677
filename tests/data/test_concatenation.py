"""Concatenated utterances are of one speaker, of all lengths, and the same for the same seed."""

from collections import Counter
from pathlib import Path

from captioner.data.concatenation import (
    ConcatenatedUtterance,
    concatenate_utterances,
    single_utterances,
)
from captioner.data.utterance import Utterance

UTTERANCES = [
    Utterance(Path(f"{text}_{speaker}_{take}"), text, speaker)
    for text in ("one", "two", "three")
    for speaker in ("ann", "bob")
    for take in range(2)
]


def test_a_row_is_of_one_speaker_and_any_take_can_say_each_word():
    for row in concatenate_utterances(UTTERANCES, 50, 4, seed=3):
        words = row.text.split()
        assert len(words) == len(row.takes)
        speakers = {take.name.split("_")[1] for takes in row.takes for take in takes}
        assert len(speakers) == 1
        for word, takes in zip(words, row.takes, strict=True):
            assert [take.name for take in takes] == [
                f"{word}_{speaker}_{n}" for speaker in speakers for n in range(2)
            ]


def test_lengths_words_and_speakers_are_equally_frequent():
    rows = concatenate_utterances(UTTERANCES, 3_000, 3, seed=0)
    lengths = Counter(len(row.takes) for row in rows)
    words = Counter(word for row in rows for word in row.text.split())
    speakers = Counter(row.takes[0][0].name.split("_")[1] for row in rows)
    for counts, expected in ((lengths, 1_000), (words, 2_000), (speakers, 1_500)):
        assert all(abs(count - expected) < 0.1 * expected for count in counts.values()), counts


def test_rows_come_from_seed_and_number_alone():
    assert (
        concatenate_utterances(UTTERANCES, 9, 5, seed=1)
        == concatenate_utterances(UTTERANCES, 20, 5, seed=1)[:9]
    )
    assert concatenate_utterances(UTTERANCES, 9, 5, seed=1) != concatenate_utterances(
        UTTERANCES, 9, 5, seed=2
    )
    assert concatenate_utterances(UTTERANCES, 0, 5, seed=1) == []


def test_recordings_can_stay_alone():
    assert single_utterances(UTTERANCES)[:1] == [
        ConcatenatedUtterance("one", ((Path("one_ann_0"),),))
    ]
    assert len(single_utterances(UTTERANCES)) == len(UTTERANCES)
