"""Aligned files, tables and JSON lines become the same pairs; what is not aligned is named."""

import json

import pytest

from captioner.data.parallel_text import SentencePair, keep_trainable, read_lines, read_parallel
from captioner.errors import AnnotationError, EmptyDataError

PAIRS = [
    SentencePair("Two dogs run.", "Zwei Hunde rennen."),
    SentencePair("", ""),
    SentencePair('A "sign": {1}', "Ein „Schild“:\u2028 {1}\x85"),
    SentencePair(" spaces  stay ", "café"),
]


def write(path, content: str | bytes):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "end"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_two_files_one_table_and_json_lines_hold_the_same_pairs(tmp_path, end, last, mark):
    last = end if last else ""
    one = write(tmp_path / "a.en", mark + end.join(pair.source for pair in PAIRS) + last)
    other = write(tmp_path / "a.de", end.join(pair.target for pair in PAIRS) + last)
    assert read_parallel(one, other) == PAIRS
    table = write(
        tmp_path / "a.tsv",
        mark + end.join(f"{pair.source}\t{pair.target}" for pair in PAIRS) + last,
    )
    assert read_parallel(table, None) == PAIRS
    rows = [json.dumps({"target": pair.target, "source": pair.source, "id": 7}) for pair in PAIRS]
    assert (
        read_parallel(write(tmp_path / "a.jsonl", mark + end.join([*rows, ""]) + last), None)
        == PAIRS
    )


def test_empty_lines_are_empty_sentences(tmp_path):
    assert read_lines(write(tmp_path / "a", "\none\n\n")) == ["", "one", ""]
    assert read_lines(write(tmp_path / "a", "")) == []
    assert read_lines(write(tmp_path / "a", "\n")) == [""]


def test_different_numbers_of_lines_are_named_with_both_counts(tmp_path):
    one, other = write(tmp_path / "a.en", "a\n" * 1234), write(tmp_path / "a.de", "a\n" * 1233)
    with pytest.raises(
        AnnotationError, match=r"a\.en has 1,234 lines, .*a\.de has 1,233: .*aligned"
    ):
        read_parallel(one, other)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("", EmptyDataError, "no sentences"),
        ("a\tb\nc\n", AnnotationError, r"line 2: 1 columns.*tab"),
        ("a\tb\tc\n", AnnotationError, r"line 1: 3 columns"),
        (
            '{"source": "a", "target": "b"}\n{"source": "a"}\n',
            AnnotationError,
            r"line 2: .*`source` and `target`",
        ),
        ('{"source": "a", "target": 3}\n', AnnotationError, r"line 1: .*both of them texts"),
        ('{"source": "a", "target": "b"}\n["a", "b"]\n', AnnotationError, r"line 2: an object"),
        ('\n{"source": "a",\n', AnnotationError, r"line 2: not valid JSON"),
        (b"a\tb\nc\td\xff\n", AnnotationError, r"line 2"),
    ],
)
def test_broken_files_are_named(tmp_path, content, error, message):
    file = write(tmp_path / "pairs.txt", content)
    with pytest.raises(error, match=message) as raised:
        read_parallel(file, None)
    assert str(file) in str(raised.value)


def test_files_that_cannot_be_read_are_named(tmp_path):
    for missing in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(AnnotationError, match="cannot be read"):
            read_parallel(missing, None)


def test_pairs_that_teach_nothing_are_left_out_and_counted():
    pairs = [
        SentencePair("a b", "a b c d e f"),
        SentencePair("a", "b c d e"),
        SentencePair("a", " "),
        SentencePair("", ""),
        SentencePair("a " * 8, "b " * 7),
        SentencePair("a " * 7, "b " * 7),
        SentencePair("a b c d", "a"),
    ]
    kept, dropped = keep_trainable(pairs, max_words=7, max_ratio=3.0)
    assert kept == [pairs[0], pairs[5]]
    assert dropped == {
        "one side more than 3 times as long": 2,
        "empty": 2,
        "longer than 7 words": 1,
    }
    assert sum(dropped.values()) + len(kept) == len(pairs)


def test_nothing_left_is_an_error_that_says_why():
    with pytest.raises(EmptyDataError, match=r"1 longer than 1 words, 1 empty.*data\.max_words"):
        keep_trainable([SentencePair("a b", "a b"), SentencePair("", "a")], 1, 3.0)
