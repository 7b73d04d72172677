"""Every layout is known by what lies there, and what is malformed is named with its line."""

import json

import pytest

from captioner.data.speech_manifest import write_manifest
from captioner.data.spoken_digits import take_of
from captioner.data.utterance import Utterance
from captioner.data.utterances import read_utterances
from captioner.errors import AnnotationError, EmptyDataError


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def test_librispeechs_layout(tmp_path):
    touch(tmp_path, "84/12/84-12-0000.flac", "84/12/84-12-0001.flac", "9/7/9-7-0000.flac")
    (tmp_path / "84/12/84-12.trans.txt").write_text(
        "84-12-0000 GO DO YOU HEAR\n84-12-0001 BUT IN LESS\n"
    )
    (tmp_path / "9/7/9-7.trans.txt").write_text("9-7-0000 IT'S LATE")
    assert read_utterances(tmp_path) == [
        Utterance(tmp_path / "84/12/84-12-0000.flac", "go do you hear", "84"),
        Utterance(tmp_path / "84/12/84-12-0001.flac", "but in less", "84"),
        Utterance(tmp_path / "9/7/9-7-0000.flac", "it's late", "9"),
    ]


def test_spoken_digits(tmp_path):
    touch(
        tmp_path, "7_ann_0.flac", "0_de_vries_12.wav", "notes.txt", "12_ann_3.flac", "7_ann_0.txt"
    )
    assert read_utterances(tmp_path) == [
        Utterance(tmp_path / "0_de_vries_12.wav", "0", "de_vries"),
        Utterance(tmp_path / "7_ann_0.flac", "7", "ann"),
    ]
    assert take_of(tmp_path / "0_de_vries_12.wav") == 12


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'audio,text,speaker\na.wav,"one, two",ann\nsub/b.wav,three,\n'),
        ("a.tsv", "path\tsentence\tclient_id\na.wav\tone, two\tann\nsub/b.wav\tthree\t\n"),
        (
            "a.jsonl",
            json.dumps(
                {"audio_filepath": "a.wav", "text": "one, two", "speaker": "ann", "duration": 3}
            )
            + "\n\n"
            + json.dumps({"file_name": "sub/b.wav", "text": "three"}),
        ),
    ],
)
def test_manifests(tmp_path, name, content):
    touch(tmp_path, "a.wav", "sub/b.wav")
    (tmp_path / name).write_text(content)
    assert read_utterances(tmp_path / name) == [
        Utterance(tmp_path / "a.wav", "one, two", "ann"),
        Utterance(tmp_path / "sub/b.wav", "three"),
    ]


def test_a_written_manifest_is_read_again(tmp_path):
    lists, sounds = tmp_path / "lists", tmp_path / "sounds"
    touch(tmp_path, "lists/in/a.wav", "sounds/b, c.wav")
    utterances = [
        Utterance(lists / "in/a.wav", 'say "a"', "ann"),
        Utterance(sounds / "b, c.wav", "b"),
    ]
    write_manifest(lists / "train.csv", utterances)
    assert read_utterances(lists / "train.csv") == utterances
    assert "\nin/a.wav," in (lists / "train.csv").read_text()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"audio": "a.wav", "text": "a"}\n{"audio": ', "line 2: not valid JSON"),
        ("a.jsonl", '{"audio": "a.wav"}', "line 1: .*must be there"),
        ("a.jsonl", '{"audio": 7, "text": "a"}', "line 1: .*must be there"),
        ("a.csv", "audio,words\na.wav,b\n", "line 2: .*must be there"),
        ("a.csv", 'audio,text\na.wav,"b\n', "not valid CSV"),
        (
            "a.csv",
            "audio,text\na.wav,one, two\n",
            "line 2: 3 fields, the header has 2; .*double quotes",
        ),
        ("a.csv", "audio,text,speaker\na.wav,one\n", "line 2: 2 fields, the header has 3"),
        ("a.tsv", "audio\ttext\na.wav\tone\ttwo\n", "line 2: 3 fields, the header has 2"),
        (
            "a.csv",
            "audio,text\nnone.wav,b\n",
            "1 of 1 recordings are not there, such as .*none.wav",
        ),
        ("x-1.trans.txt", "", None),
    ],
)
def test_what_is_malformed_is_named(tmp_path, name, content, message):
    touch(tmp_path, "a.wav")
    (tmp_path / name).write_text(content)
    with pytest.raises(AnnotationError if message else EmptyDataError, match=message):
        read_utterances(tmp_path / name)


def test_a_recording_in_which_nothing_is_said_has_no_text_but_one_must_have(tmp_path):
    touch(tmp_path, "a.wav", "b.wav")
    (tmp_path / "a.csv").write_text("audio,text\na.wav,\nb.wav,yes\n")
    assert [one.text for one in read_utterances(tmp_path / "a.csv")] == ["", "yes"]
    (tmp_path / "a.csv").write_text("audio,text\na.wav,\nb.wav, \n")
    with pytest.raises(EmptyDataError, match="none of its 2 recordings has a text"):
        read_utterances(tmp_path / "a.csv")


def test_a_transcript_without_text_is_named(tmp_path):
    (tmp_path / "1-2.trans.txt").write_text("1-2-0000 A\n1-2-0001\n")
    with pytest.raises(AnnotationError, match=r"1-2\.trans\.txt, line 2"):
        read_utterances(tmp_path)


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(AnnotationError, match=r"none\.csv: cannot be read"):
        read_utterances(tmp_path / "none.csv")
    with pytest.raises(EmptyDataError, match=r"7_george_0\.flac"):
        read_utterances(tmp_path)
