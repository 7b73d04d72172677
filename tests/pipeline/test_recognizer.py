"""From clips to labels, with probabilities that make sense and where the model looked."""

import numpy as np
import pytest
import torch

from captioner.errors import ConfigError, CorruptFileError, ModelError
from captioner.pipeline import (
    ActionRecognizer,
    load,
    load_captioner,
    load_recognizer,
    load_transcriber,
)


@pytest.fixture
def recognizer(make_video_model) -> ActionRecognizer:
    return ActionRecognizer(make_video_model(), "turns")


@pytest.fixture
def clips(clip_folder):
    return sorted(clip_folder.glob("*/*_g01_*.mp4"))


def test_probabilities_are_the_models_own(recognizer, clips):
    result = recognizer.recognize(clips[0], top=2)
    with torch.inference_mode():
        memory = recognizer.model.encode(
            recognizer.preprocess(recognizer.preprocess.read(clips[0]))[None]
        )
        logits, _ = recognizer.model.decoder(
            torch.tensor([[recognizer.model.config.bos_token_id]]), memory
        )
    expected = logits[0, 0].softmax(-1)
    for label, probability in result.probabilities.items():
        token = recognizer.model.tokenizer.convert_tokens_to_ids(label)
        assert probability == pytest.approx(float(expected[token]), abs=1e-6)
    assert list(result.probabilities.values()) == sorted(
        result.probabilities.values(), reverse=True
    )
    assert result.label == next(iter(result.probabilities))
    assert set(result.probabilities) == {"TurnRed", "TurnBlue"}
    assert result.times_s == pytest.approx((0.8 / 6, 0.4, 4 / 6), abs=1e-3)
    assert result.duration_s == pytest.approx(0.8)
    np.testing.assert_allclose(result.attention.sum(1), [1], atol=1e-5)
    assert result.attention.shape == (1, 3)


def test_a_batch_is_as_good_as_single_clips_and_bytes_as_files(recognizer, clips):
    together = recognizer.recognize(clips)
    for clip, result in zip(clips, together, strict=True):
        alone = recognizer.recognize(clip.read_bytes())
        assert (alone.label, alone.times_s) == (result.label, result.times_s)
        assert alone.log_prob == pytest.approx(result.log_prob, abs=1e-5)
    assert recognizer.recognize([]) == []


def test_more_labels_than_there_are_give_all_of_them(recognizer, clips):
    assert len(recognizer.recognize(clips[0], top=5).candidates) == 2
    with pytest.raises(ConfigError):
        recognizer.recognize(clips[0], top=0)


def test_a_file_that_cannot_be_read_has_a_named_error(recognizer, tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"")
    with pytest.raises(CorruptFileError, match="empty"):
        recognizer.recognize(tmp_path / "a.mp4")


def test_each_model_is_of_its_sense(make_model, video_model_folder, speech_model_folder):
    assert isinstance(load(video_model_folder, device="cpu"), ActionRecognizer)
    for other in (load_captioner, load_transcriber):
        with pytest.raises(ModelError, match="captioner recognize"):
            other(video_model_folder, device="cpu")
    with pytest.raises(ModelError, match="captioner transcribe"):
        load_recognizer(speech_model_folder, device="cpu")
    with pytest.raises(ModelError, match="watches no clips"):
        ActionRecognizer(make_model(), "photos")
