"""From recordings to transcripts with times, whatever their length and however they are batched."""

import numpy as np
import pytest
import torch

from captioner.errors import ConfigError, CorruptFileError, ModelError
from captioner.pipeline import (
    Transcriber,
    load,
    load_captioner,
    load_transcriber,
    load_translator,
    transcriber,
)
from captioner.preprocess.spectrogram import log_mel, pad_spectrograms

RATE = 8_000


@pytest.fixture
def model(make_speech_model) -> Transcriber:
    return Transcriber(make_speech_model(search={"min_length": 1}), "tiny")


def sound(seconds: float, seed: int = 0) -> np.ndarray:
    return (0.3 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(
        np.float32
    )


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


def test_one_recording_is_what_the_search_finds(model):
    result = model.transcribe((RATE, sound(0.7)), num_captions=2)
    frames = pad_spectrograms([log_mel(torch.from_numpy(sound(0.7)), RATE, 9)])
    with torch.inference_mode():
        memory = model.model.encode(frames)
        (found,) = model.model.search(memory, model.options(num_captions=2))
    assert [one.text for one in result.candidates] == model.model.decode(found)
    assert result.log_prob == pytest.approx(found[0].log_prob, abs=1e-5)
    assert result.duration_s == pytest.approx(0.7)
    assert [(one.start_s, one.end_s, one.text) for one in result.segments] == [
        (0, pytest.approx(0.7), result.text)
    ]
    assert result.attention.shape == (len(result.candidates[0].words), memory.mask.shape[1])
    np.testing.assert_allclose(result.attention.sum(1), 1, atol=1e-5)


def test_a_long_recording_keeps_its_times(model):
    first, second = sound(0.8, 1), sound(0.8, 2)
    result = model.transcribe(
        (RATE, np.concatenate([silence(1), first, silence(1), second, silence(2)]))
    )
    assert [(one.start_s, one.end_s) for one in result.segments] == [
        (pytest.approx(0.85, abs=0.04), pytest.approx(1.95, abs=0.04)),
        (pytest.approx(2.65, abs=0.04), pytest.approx(3.75, abs=0.04)),
    ]
    assert result.text == " ".join(one.text for one in result.segments)
    words = result.candidates[0].words
    assert result.attention.shape[0] == len(words)
    half = result.attention.shape[1] // 2
    assert result.attention[0, :half].sum() == pytest.approx(1, abs=1e-4)
    assert result.attention[-1, half:].sum() == pytest.approx(1, abs=1e-4)


def test_a_recording_without_pauses_is_cut_to_what_the_model_takes(model):
    result = model.transcribe((RATE, sound(5.0)))
    assert len(result.segments) >= 3
    assert max(one.end_s - one.start_s for one in result.segments) <= 2.0


def test_silence_says_nothing(model):
    result = model.transcribe((RATE, silence(3)), num_captions=2)
    assert (result.text, result.segments, result.log_prob) == ("", (), 0)
    assert len(result.candidates) == 2 and result.attention.shape[0] == 0


def test_batches_change_nothing(model, monkeypatch):
    recordings = [(RATE, sound(seconds, n)) for n, seconds in enumerate((0.9, 0.2, 3.5, 0.4, 1.7))]
    together = model.transcribe(recordings)
    monkeypatch.setattr(transcriber, "BATCH_SECONDS", 0.5)
    for one, other, recording in zip(
        together, model.transcribe(recordings), recordings, strict=True
    ):
        alone = model.transcribe(recording)
        assert one.text == other.text == alone.text
        assert one.log_prob == pytest.approx(alone.log_prob, abs=1e-4)
        assert one.segments == alone.segments


def test_files_are_read_and_broken_ones_are_named(model, spoken_digits, tmp_path):
    files = sorted(spoken_digits.iterdir())[:2]
    assert [one.text for one in model.transcribe(files)] == [
        model.transcribe(str(file)).text for file in files
    ]
    assert model.transcribe(files[0].read_bytes()).text == model.transcribe(files[0]).text
    (tmp_path / "empty.wav").touch()
    with pytest.raises(CorruptFileError, match="empty"):
        model.transcribe(tmp_path / "empty.wav")
    with pytest.raises(ConfigError, match="beam_size"):
        model.transcribe(files[0], beam_size=0)
    assert model.transcribe([]) == []


def test_a_saved_model_says_the_same(model, speech_model_folder):
    loaded = load(speech_model_folder, device="cpu")
    assert (
        isinstance(loaded, Transcriber)
        and loaded.name == "speech"
        and loaded.sample_rate_hz == RATE
    )
    recording = (RATE, sound(0.9))
    assert loaded.transcribe(recording).text == model.transcribe(recording).text


def test_each_model_is_loaded_for_what_it_does(
    speech_model_folder, sentence_model_folder, model_folder, make_model
):
    for load_one, folder, command in [
        (load_captioner, speech_model_folder, "captioner transcribe"),
        (load_translator, speech_model_folder, "captioner transcribe"),
        (load_transcriber, sentence_model_folder, "captioner translate"),
        (load_transcriber, model_folder, "captioner caption"),
    ]:
        with pytest.raises(ModelError, match=command):
            load_one(folder, device="cpu")
    with pytest.raises(ModelError, match="hears no speech"):
        Transcriber(make_model(), "photos")
