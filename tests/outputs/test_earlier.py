"""What a run wrote is read back equal, as far as the format holds it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from captioner.outputs.earlier import read_earlier, readable
from captioner.outputs.formats import open_writer
from captioner.outputs.record import Concept, Record, Segment, TextField


@pytest.mark.parametrize("text_field", ["caption", "label", "text"])
@pytest.mark.parametrize("suffix", [".jsonl", ".parquet", ".csv"])
def test_records_are_read_back_equal(
    tmp_path: Path, hard_records: tuple[Record, ...], suffix: str, text_field: TextField
) -> None:
    path = tmp_path / f"out{suffix}"
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    with open_writer(path, text_field=text_field) as writer:
        for record in hard_records:
            writer.write(record)
    kept = (
        [replace(one, candidates=one.candidates[:1]) for one in hard_records]
        if suffix == ".csv"
        else hard_records
    )
    assert list(read_earlier(path, text_field)) == list(kept)


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_what_only_some_records_have_is_read_back_too(
    tmp_path: Path, captioned: Callable[..., Record], suffix: str
) -> None:
    pytest.importorskip("pyarrow")
    record = captioned("a", "one")
    for text_field, more in (
        ("caption", {"confidence": 0.5, "concepts": (Concept("dog", 0.75),)}),
        ("text", {"duration_s": 1.5, "segments": (Segment(0.0, 1.5, "one"),)}),
    ):
        path = tmp_path / f"{text_field}{suffix}"
        with open_writer(path, text_field=text_field) as writer:
            writer.write(replace(record, **more))
        assert list(read_earlier(path, text_field)) == [replace(record, **more)]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["a.csv", "a.jsonl"], "a.jsonl"),
        (["a.html", "a.PARQUET"], "a.PARQUET"),
        (["a.csv", "a.json"], "a.csv"),
        (["a.csv", "a.html"], None),
        (["metadata.jsonl", "a.csv"], None),
        (["metadata.jsonl"], None),
        (["a.json"], None),
        (["a.srt"], None),
        ([], None),
    ],
)
def test_the_output_that_holds_most_is_read_if_it_holds_enough(
    names: list[str], chosen: str | None
) -> None:
    assert readable([Path(name) for name in names]) == (Path(chosen) if chosen else None)
