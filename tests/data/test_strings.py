"""Strings are of one speaker, of all lengths, and the same for the same seed."""

from collections import Counter
from pathlib import Path

from captioner.data.strings import String, as_strings, draw_strings
from captioner.data.utterance import Utterance

UTTERANCES = [
    Utterance(Path(f"{text}_{speaker}_{take}"), text, speaker)
    for text in ("one", "two", "three")
    for speaker in ("ann", "bob")
    for take in range(2)
]


def test_a_string_is_of_one_speaker_and_any_take_can_say_each_word():
    for string in draw_strings(UTTERANCES, 50, 4, seed=3):
        words = string.text.split()
        assert len(words) == len(string.takes)
        speakers = {take.name.split("_")[1] for takes in string.takes for take in takes}
        assert len(speakers) == 1
        for word, takes in zip(words, string.takes, strict=True):
            assert [take.name for take in takes] == [f"{word}_{speaker}_{n}" for speaker in speakers for n in range(2)]


def test_lengths_words_and_speakers_are_equally_frequent():
    strings = draw_strings(UTTERANCES, 3_000, 3, seed=0)
    lengths = Counter(len(string.takes) for string in strings)
    words = Counter(word for string in strings for word in string.text.split())
    speakers = Counter(string.takes[0][0].name.split("_")[1] for string in strings)
    for counts, expected in ((lengths, 1_000), (words, 2_000), (speakers, 1_500)):
        assert all(abs(count - expected) < 0.1 * expected for count in counts.values()), counts


def test_strings_come_from_seed_and_number_alone():
    assert draw_strings(UTTERANCES, 9, 5, seed=1) == draw_strings(UTTERANCES, 20, 5, seed=1)[:9]
    assert draw_strings(UTTERANCES, 9, 5, seed=1) != draw_strings(UTTERANCES, 9, 5, seed=2)
    assert draw_strings(UTTERANCES, 0, 5, seed=1) == []


def test_recordings_can_stay_alone():
    assert as_strings(UTTERANCES)[:1] == [String("one", ((Path("one_ann_0"),),))]
    assert len(as_strings(UTTERANCES)) == len(UTTERANCES)
