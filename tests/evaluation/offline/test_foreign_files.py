"""Whatever bytes a caption file holds: it is read, or refused by an error of ours, and soon."""

import json
import tempfile
from pathlib import Path

import hypothesis
import hypothesis.strategies as st

from captioner.errors import CaptionerError
from captioner.evaluation.offline.hypotheses import read_hypotheses
from captioner.evaluation.offline.references import read_references, read_training_captions
from captioner.metrics import Scorer

SEEDS = [
    b'image,caption\na.jpg,A dog\nb.jpg,"Two cats, one mat"\n',
    b"image_name| comment_number| comment\na.jpg| 0| A dog\n",
    b"sep=;\nfile;caption;error\na.jpg;A dog;\nb.jpg;;broken\n",
    b"a.jpg#0\tA dog\nb.jpg#1\tTwo cats\n",
    b"a dog; a cat\ntwo cats; a dog\n",
    b'{"file_name": "a.jpg", "text": "A dog"}\n{"file_name": "b.jpg", "captions": ["A", "B"]}\n',
    b'{"images": [{"id": 7, "file_name": "a.jpg"}], "annotations": [{"id": 1, "image_id": 7,'
    b' "caption": "A dog"}]}',
    b'{"images": [{"filename": "a.jpg", "split": "test", "sentences": [{"raw": "A dog"}]}]}',
    b'[{"image_id": 7, "caption": "A \\ud83d dog"}, {"image_id": "8", "caption": ["x"]}]',
    b'{"7": ["A dog"], "8": [{"caption": "Two cats"}]}',
]
FIELDS = [
    *(
        "image",
        "file",
        "file_name",
        "image_id",
        "id",
        "caption",
        "captions",
        "text",
        "error",
        "images",
        "annotations",
    ),
    *("sentences", "raw", "filename", "split", "results", "caption_1", "coco_url"),
]
PIECES = [
    *(
        ",",
        ";",
        "\t",
        "|",
        '"',
        "'",
        "\n",
        "\r\n",
        "\r",
        " ",
        "\\",
        "#0\t",
        "sep=",
        "{",
        "}",
        "[",
        "]",
        ":",
        "a.jpg",
    ),
    *(
        "7",
        "1e999",
        "NaN",
        "\ufeff",
        "\0",
        "\u2028",
        "\\ud83d",
        "e\u0301.png",
        "val2014/COCO_val2014_000000000007.jpg",
    ),
    *FIELDS,
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["a.jpg", "A dog", "7", "test", ""]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def changed_seeds(draw: "st.DrawFn") -> bytes:
    """A file that is right but for a few places."""
    content = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(content)))
        content[place : place + draw(st.integers(0, 6))] = draw(
            st.binary(max_size=3) | st.sampled_from([piece.encode() for piece in PIECES])
        )
    return bytes(content)


FILES = (
    changed_seeds()
    | st.lists(st.sampled_from(PIECES), max_size=30).map(lambda pieces: "".join(pieces).encode())
    | VALUES.map(lambda value: json.dumps(value).encode())
    | st.lists(VALUES, max_size=4).map(lambda values: "\n".join(map(json.dumps, values)).encode())
    | st.binary(max_size=60)
)


def read_all_ways(content: bytes) -> None:
    """Read a file as references, as hypotheses and as texts to learn from, and score it by
    itself.
    """
    with tempfile.NamedTemporaryFile(prefix="captions") as stream:
        stream.write(content)
        stream.flush()
        file = Path(stream.name)
        for plain in (False, True):
            try:
                references = read_references([file], plain=plain)
                Scorer(references.texts).score(
                    {item: texts[0] for item, texts in references.texts.items()}
                )
                read_hypotheses(file, references, plain=plain, partial=True)
            except CaptionerError as error:
                assert str(error)
        try:
            read_training_captions([file])
        except CaptionerError as error:
            assert str(error)


@hypothesis.settings(max_examples=40, deadline=None, derandomize=True, database=None)
@hypothesis.given(FILES)
def test_no_file_is_more_than_an_error_of_ours(content):
    read_all_ways(content)
