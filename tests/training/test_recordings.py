"""Training recordings change from epoch to epoch and by nothing else; validation ones never do."""

import pytest
import torch

from captioner.data.concatenation import concatenate_utterances, single_utterances
from captioner.data.utterances import read_utterances
from captioner.preprocess.audio import read_audio
from captioner.preprocess.spectrogram import log_mel
from captioner.training.recordings import Recordings


@pytest.fixture
def rows(spoken_digits):
    return concatenate_utterances(read_utterances(spoken_digits), 6, 3, seed=0)


def test_a_row_sounds_the_same_whatever_its_batch_and_its_update(rows, speech_config):
    recordings = Recordings(rows, speech_config(), training=True)
    batch = recordings.load([4, 0, 2], [1, 1, 1], seed=5)
    assert len(batch) == 3 and batch.frames.shape[2] == 12
    again = Recordings(rows, speech_config(), training=True).load([2, 4], [1, 1], seed=6)
    for first, second in ((0, 1), (2, 0)):
        assert torch.equal(
            batch.frames[first, batch.mask[first]], again.frames[second, again.mask[second]]
        )


def test_each_epoch_and_each_seed_sounds_otherwise(rows, speech_config):
    recordings = Recordings(rows, speech_config(), training=True)
    other = Recordings(rows, speech_config(training={"seed": 1}), training=True)
    first = recordings.load([3], [0], seed=0).frames
    for frames in (recordings.load([3], [1], seed=0).frames, other.load([3], [0], seed=0).frames):
        assert frames.shape != first.shape or not torch.equal(frames, first)


def test_validation_recordings_are_heard_as_they_are(spoken_digits, speech_config):
    utterances = read_utterances(spoken_digits)
    batch = Recordings(single_utterances(utterances), speech_config(), training=False).load(
        [1, 0], [0, 0], seed=0
    )
    for row, number in enumerate((1, 0)):
        samples = torch.from_numpy(read_audio(utterances[number].audio, 8_000))
        assert torch.equal(batch.frames[row, batch.mask[row]], log_mel(samples, 8_000, 12))


def test_validation_rows_are_always_the_same_and_not_those_of_training(rows, speech_config):
    longest = max(range(len(rows)), key=lambda number: len(rows[number].takes))
    assert len(rows[longest].takes) > 1
    first, second = (
        Recordings(rows, speech_config(), training=False).load([longest], [0], seed=n)
        for n in (0, 1)
    )
    assert torch.equal(first.frames, second.frames)


def test_a_recording_that_breaks_later_is_named(rows, speech_config):
    from captioner.errors import CorruptFileError

    for takes in rows[0].takes:
        for take in takes:
            take.write_bytes(b"")
    with pytest.raises(CorruptFileError, match="empty"):
        Recordings(rows, speech_config(), training=True).load([0], [0], seed=0)
