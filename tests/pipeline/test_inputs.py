"""Whatever people hand to a model is read, or refused by an error of ours."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from captioner.errors import CaptionerError, ConfigError, InputError, UsageError
from captioner.pipeline import ActionRecognizer, Captioner, Transcriber, Translator, load

RATE = 8_000
NOISE = (0.3 * np.random.default_rng(0).standard_normal(RATE)).astype(np.float32)


@pytest.fixture
def captioner(make_model) -> Captioner:
    return Captioner(make_model().train(False), "tiny")


@pytest.fixture
def translator(make_sentence_model) -> Translator:
    return Translator(make_sentence_model(), "tiny")


@pytest.fixture
def transcriber(make_speech_model) -> Transcriber:
    return Transcriber(make_speech_model(search={"min_length": 1}), "tiny")


@pytest.fixture
def recognizer(make_video_model) -> ActionRecognizer:
    return ActionRecognizer(make_video_model(), "tiny")


@pytest.fixture
def clip(write_clip, tmp_path) -> Path:
    return write_clip(tmp_path / "a.mp4", [(200, 0, 0)] * 5)


def several_forms(one: object) -> list[object]:
    return [
        [one, one],
        (one, one),
        iter([one, one]),
        (given for given in (one, one)),
        {0: one, 1: one}.values(),
    ]


def file_forms(path: Path) -> list[object]:
    content = path.read_bytes()
    return [
        path,
        str(path),
        content,
        bytearray(content),
        memoryview(content),
        io.BytesIO(content),
        path.open("rb"),
    ]


def test_files_and_several_of_them_are_read_by_every_sense(
    captioner, transcriber, recognizer, photos, clip, tmp_path
):
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(tmp_path / "a.wav", NOISE, RATE)
    for file, read in (
        (photos[0], captioner.caption),
        (tmp_path / "a.wav", transcriber.transcribe),
        (clip, recognizer.caption),
    ):
        expected = read(file).text
        for form in file_forms(file):
            assert read(form).text == expected
        for several in several_forms(file):
            assert [one.text for one in read(several)] == [expected] * 2
        assert read(iter(())) == []


def test_texts_may_come_from_anything_that_holds_them(translator):
    expected = translator.translate("two dogs").text
    for several in several_forms("two dogs"):
        assert [one.text for one in translator.translate(several)] == [expected] * 2
    assert translator.translate(iter(())) == []


def test_arrays_of_sound_are_one_recording_and_tuples_of_files_are_many(transcriber, tmp_path):
    expected = transcriber.transcribe((RATE, NOISE)).text
    for array in (np.stack([NOISE, NOISE]), np.stack([NOISE, NOISE], 1), NOISE[None]):
        assert transcriber.transcribe((RATE, array)).text == expected
    assert [one.text for one in transcriber.transcribe(((RATE, NOISE), (RATE, NOISE)))] == [
        expected
    ] * 2


NOTHING = [None, 3, 2.5, object(), {"a": "b"}, np.float32(1), [None], [3], ["", None], [[]]]


@pytest.mark.parametrize(
    "given",
    [*NOTHING, torch.zeros(3, 8, 8), np.zeros((2, 2, 2, 2))],
    ids=lambda given: type(given).__name__,
)
def test_what_stands_for_nothing_is_an_error_of_ours(
    captioner, translator, transcriber, recognizer, given
):
    for read in (
        captioner.caption,
        translator.translate,
        transcriber.transcribe,
        recognizer.recognize,
    ):
        with pytest.raises(InputError):
            read(given)


def test_bytes_are_no_text_and_a_closed_file_is_none(translator, captioner, photos):
    for given in (
        b"two dogs",
        bytearray(b"two"),
        [b"two dogs"],
        memoryview(b"two"),
        Path("two dogs"),
    ):
        with pytest.raises(InputError):
            translator.translate(given)
    with photos[0].open("rb") as file:
        pass
    with pytest.raises(InputError, match="cannot be read"):
        captioner.caption(file)
    with pytest.raises(InputError, match="open as text"):
        captioner.caption(io.StringIO("text"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"required_words": ["red"], "banned_words": ["red"]}, "'red' is among banned_words"),
        (
            {"required_words": ["pictures"], "banned_words": ["Picture"]},
            "'pictures' is among banned_words",
        ),
        ({"required_words": [None]}, "required_words"),
        ({"begin": "red blurple"}, "begin: this model cannot write 'blurple'"),
        (
            {"begin": "Picutre"},
            "begin: this model cannot write 'Picutre'; similar words are picture",
        ),
        (
            {"begin": "picture", "banned_words": ["pictures"]},
            "begin: 'picture' is among banned_words",
        ),
        (
            {"begin": "red picture", "max_length": 2},
            r"behind its 2 tokens max_length \(2\) leaves too little room",
        ),
        ({"required_words": "red"}, "required_words"),
        ({"sample": True, "seed": 2**70}, "seed: Input should be less than"),
        ({"sample": True, "seed": -(2**70)}, "seed: Input should be greater than"),
        ({"sample": True, "temperature": float("nan")}, "temperature"),
        ({"sample": True, "temperature": 1e-300}, "temperature"),
        ({"sample": True, "temperature": 1e300}, "temperature"),
        ({"length_penalty": float("inf")}, "length_penalty"),
        ({"beam_size": 10**30}, "beam_size"),
        ({"max_length": 10**12}, "max_length"),
        ({"beam_size": None}, "beam_size"),
    ],
    ids=str,
)
def test_options_that_make_no_sense_are_named(captioner, photos, options, message):
    with pytest.raises(ConfigError, match=message):
        captioner.caption(photos[0], **options)


@pytest.mark.parametrize("temperature", [1e-6, 1e6])
def test_a_temperature_may_be_extreme(captioner, photos, temperature):
    for top_p in (1e-9, 0.5, 1.0):
        assert captioner.caption(
            photos[0], sample=True, temperature=temperature, top_p=top_p
        ).candidates


@pytest.mark.parametrize("seed", [-(2**63), -1, 2**63, 2**64 - 1, None])
def test_every_seed_that_torch_takes_is_taken(captioner, photos, seed):
    assert captioner.caption(photos[0], sample=True, seed=seed).candidates


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("</s>", "'</s>' holds the model's sign </s>, which is no word"),
        ("<s>", "the model's sign <s>"),
        ("<UNK>", "the model's sign <unk>"),
        ("<pad>", "the model's sign <pad>"),
        ("red <s> picture", "the model's sign <s>"),
        (" ", "' ' holds no word"),
        ("\t\n", "holds no word"),
        ("?!", "'?!' holds no word"),
        ("\0", "holds no word"),
        ("caf\udce9", "holds bytes that are no text"),
    ],
)
@pytest.mark.parametrize("option", ["required_words", "banned_words", "begin"])
def test_what_holds_no_word_is_not_required_banned_or_begun_with(captioner, option, text, message):
    with pytest.raises(ConfigError, match=f"{option}: .*{re.escape(message)}"):
        captioner.options(**{option: text if option == "begin" else ["red", text]})


@pytest.mark.parametrize("option", ["required_words", "banned_words"])
def test_an_empty_word_is_not_required_or_banned(captioner, option):
    with pytest.raises(ConfigError, match=f"{option}: '' holds no word"):
        captioner.options(**{option: [""]})


@pytest.mark.parametrize("options", [{"banned_words": ["Hunde"]}, {"required_words": ["Hunde"]}])
def test_a_model_of_pieces_says_that_it_bans_no_words(translator, options):
    with pytest.raises(ConfigError, match="writes subwords"):
        translator.translate("two dogs", **options)


@pytest.mark.parametrize(
    "model", [None, 3, b"flickr8k", [None], [["flickr8k"]], object(), [], "", " ", "a\0b"]
)
def test_what_names_no_model_is_an_error_of_ours(model):
    with pytest.raises(CaptionerError):
        load(model)


@pytest.mark.parametrize("device", [None, "", "tpu9", object()])
def test_what_is_no_device_is_an_error_of_ours(device):
    with pytest.raises(UsageError, match="device"):
        load("digits", device=device)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_weights_may_have_any_precision(
    captioner, translator, transcriber, recognizer, photos, clip, dtype
):
    image = Image.open(photos[0])
    for modality, read, given in (
        (captioner, captioner.caption, image),
        (translator, translator.translate, "two dogs"),
        (transcriber, transcriber.transcribe, (RATE, NOISE)),
        (recognizer, recognizer.caption, clip),
    ):
        modality.model.to(dtype)
        result = read(given)
        assert len(result.candidates[0].words) == len(result.attention)
        assert np.isfinite(result.attention).all()
