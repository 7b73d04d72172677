"""Every caption file is read by its content, and every malformed one is named."""

import json
from pathlib import Path

import pytest
from PIL import Image

from captioner.data.examples import (
    CaptionExample,
    check_images,
    measured_split,
    read_captions,
    select_split,
)
from captioner.errors import AnnotationError, EmptyDataError, MissingImageError
from captioner.outputs import open_writer
from captioner.outputs.record import Candidate, ErrorInfo, Record

CSV = 'image,caption\nb.jpg,A dog runs .\na.jpg,"Two cats, one mat"\nb.jpg,A dog .\n'
TOKENS = "b.jpg#0\tA dog runs .\na.jpg#0\tTwo cats, one mat\nb.jpg#1\tA dog .\n"
JSONL = (
    '{"file_name": "b.jpg", "text": "A dog runs ."}\n'
    '{"file_name": "a.jpg", "caption": "Two cats, one mat"}\n\n'
    '{"file_name": "b.jpg", "captions": ["A dog ."]}\n'
)
COCO = {
    "images": [
        {"id": 7, "file_name": "b.jpg"},
        {"id": 3, "file_name": "a.jpg"},
        {"id": 5, "file_name": "none.jpg"},
    ],
    "annotations": [
        {"id": 1, "image_id": 7, "caption": "A dog runs ."},
        {"id": 2, "image_id": 3, "caption": "Two cats, one mat"},
        {"id": 4, "image_id": 7, "caption": "A dog ."},
    ],
}
KARPATHY = {
    "images": [
        {
            "filename": "b.jpg",
            "split": "restval",
            "sentences": [{"raw": "A dog runs ."}, {"raw": "A dog ."}],
        },
        {"filename": "a.jpg", "split": "val", "sentences": [{"raw": "Two cats, one mat"}]},
    ],
    "dataset": "flickr8k",
}
FORMATS = {
    "csv": CSV,
    "csv with a byte order mark": "\ufeff" + CSV,
    "csv from Windows": CSV.replace("\n", "\r\n"),
    "csv in another order": 'n,Caption, Image\n1,A dog runs .,b.jpg\n1,"Two cats, one'
    ' mat",a.jpg\n2,A dog .,b.jpg\n',
    "tokens": TOKENS,
    "tokens from Windows": TOKENS.replace("\n", "\r\n"),
    "jsonl": JSONL,
    "coco": json.dumps(COCO),
    "coco, indented": "\n " + json.dumps(COCO, indent=1),
    "karpathy": json.dumps(KARPATHY),
}


def write(folder: Path, content: str | bytes, name: str = "captions") -> Path:
    """A file whose name says nothing about what it holds."""
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


@pytest.mark.parametrize("content", FORMATS.values(), ids=FORMATS)
def test_every_format_gives_the_same_examples(tmp_path, capfd, content):
    dog, cats = read_captions(write(tmp_path, content), tmp_path / "photos")
    assert (dog.image, dog.captions) == (tmp_path / "photos/b.jpg", ("A dog runs .", "A dog ."))
    assert (cats.image, cats.captions) == (tmp_path / "photos/a.jpg", ("Two cats, one mat",))
    assert (dog.image_id, cats.image_id) == (
        (7, 3) if '"annotations"' in content else ("b.jpg", "a.jpg")
    )
    assert (dog.split, cats.split) == (("train", "val") if "restval" in content else (None, None))
    assert capfd.readouterr() == ("", "")


RECORDS = [
    Record(
        "some/sub/a.png",
        "A cat",
        -1.0,
        (Candidate("A cat", -1.0), Candidate("A dog", -2.0)),
        "m",
        None,
    ),
    Record("some/b.png", None, None, (), "m", ErrorInfo("CorruptFileError", "no photo")),
    Record("some/\udcff.png", "A tower", -1.0, (Candidate("A tower", -1.0),), "m", None),
]


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("images", ["some", ""])
def test_what_captioner_wrote_is_read_and_its_errors_are_counted(
    tmp_path, monkeypatch, caplog, suffix, images
):
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some/sub").mkdir(parents=True)
    for record in RECORDS:
        Path(record.file).write_bytes(b"")
    (tmp_path / "out").mkdir()
    with open_writer(Path(f"out/captions.{suffix}")) as writer:
        for record in RECORDS[
            : 2 if suffix == "csv" else None
        ]:  # bytes that are no UTF-8 are none in a table either
            writer.write(record)
    examples = read_captions(Path(f"out/captions.{suffix}"), Path(images))
    assert [example.captions for example in examples] == [("A cat",), ("A tower",)][
        : 1 if suffix == "csv" else None
    ]
    assert all(example.image.is_file() for example in examples)
    assert (
        f"captions.{suffix}: 1 rows with an error are passed over, such as some/b.png ("
        in caplog.text
    )
    assert "no photo" in caplog.text


def test_nothing_but_errors_is_named(tmp_path):
    content = '{"file": "a.jpg", "caption": null, "error": {"type": "X", "message": "no photo"}}\n'
    with pytest.raises(EmptyDataError, match=r"no captions \(0 empty ones, 1 with an error\)"):
        read_captions(write(tmp_path, content), tmp_path)


def test_a_broken_parquet_table_is_named(tmp_path):
    pytest.importorskip("pyarrow")
    with pytest.raises(AnnotationError, match="no Parquet table that can be read"):
        read_captions(write(tmp_path, b"PAR1 and nothing else"), tmp_path)


def test_texts_beside_photos_are_read_and_photos_without_are_counted(tmp_path, caplog):
    texts = {
        "b.txt": "A dog runs .\r\n\nA dog\n",
        "sub/a.png.txt": "A cat",
        "sub/c.caption": "A cow",
        "e.txt": "",
        "notes.txt": "x",
    }
    for name in (
        "b.jpg",
        "sub/a.png",
        "sub/c.webp",
        "d.png",
        "e.png",
        ".hidden.png",
        ".thumbnails/b.png",
        *texts,
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(texts.get(name, ""))
    examples = read_captions(tmp_path, tmp_path)
    assert {example.image_id: example.captions for example in examples} == {
        "b.jpg": ("A dog runs .", "A dog"),
        "sub/a.png": ("A cat",),
        "sub/c.webp": ("A cow",),
    }
    check_images(examples)
    assert "1 of 5 photos have no text and are passed over" in caplog.text


@pytest.mark.parametrize("names", [[], ["a.jpg"], ["a.txt"]])
def test_a_folder_without_texts_of_photos_is_named(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text("text")
    with pytest.raises(
        EmptyDataError, match=r"none of \d photos in .* has a text; put photo\.txt beside"
    ):
        read_captions(tmp_path, tmp_path)


def test_a_text_that_is_no_utf8_is_named(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "a.txt").write_bytes(b"caf\xe9")
    with pytest.raises(AnnotationError, match=r"a\.txt, line 1: not UTF-8"):
        read_captions(tmp_path, tmp_path)


BAD_FILES = [
    ("nothing", "", EmptyDataError, "empty"),
    ("white space", "\n \n", EmptyDataError, "empty"),
    ("header alone", "image,caption\n", EmptyDataError, "no captions"),
    ("empty captions alone", "image,caption\na.jpg,\na.jpg, \n", EmptyDataError, r"2 empty"),
    ("prose", "Once upon a time\n", AnnotationError, "line 1: no known format.*Once upon"),
    ("other columns", "foto,words\na.jpg,A dog\n", AnnotationError, "image,caption"),
    (
        "one column twice",
        "image,caption,caption\na.jpg,A,B\n",
        AnnotationError,
        "two columns are called caption",
    ),
    (
        "zero bytes",
        "image,caption\na.jpg,A".encode("utf-16-le"),
        AnnotationError,
        "line 1: a zero byte",
    ),
    ("not UTF-8", b"image,caption\na.jpg,caf\xe9\n", AnnotationError, "line 2: not UTF-8"),
    ("binary", b"PK\x03\x04\x14\0\0\0\xff", AnnotationError, "line 1: not UTF-8"),
    (
        "comma",
        "image,caption\na.jpg,A dog\nb.jpg,Two cats, one mat\n",
        AnnotationError,
        "line 3: 3 fields.*quotes",
    ),
    ("no comma", "image,caption\na.jpg\n", AnnotationError, "line 2: 1 fields"),
    ("no photo", "image,caption\na.jpg,A dog\n,A cat\n", AnnotationError, "line 3: no photo"),
    (
        "open quote",
        'image,caption\na.jpg,A dog\n\nb.jpg,"A\nc.jpg,B\n',
        AnnotationError,
        "line 4: not valid CSV",
    ),
    (
        "token without a tab",
        "a.jpg#0\tA dog\na.jpg#1 A cat\n",
        AnnotationError,
        "line 2.*a tab.*A cat",
    ),
    ("token without a number", "a.jpg#0\tA dog\n\na.jpg\tA cat\n", AnnotationError, "line 3"),
    ("jsonl cut", JSONL[:-20], AnnotationError, "line 4: not valid JSON"),
    (
        "jsonl without a name",
        JSONL + '{"text": "A"}',
        AnnotationError,
        "line 5: one of `image_id`, `file`",
    ),
    (
        "jsonl without a caption",
        JSONL + '{"file_name": "a.jpg"}',
        AnnotationError,
        "line 5: `caption` must be",
    ),
    ("jsonl with a number", JSONL + '{"file_name": "a.jpg", "text": 3}', AnnotationError, "line 5"),
    ("jsonl with a list", JSONL + "[]", AnnotationError, "line 5"),
    ("json cut", json.dumps(COCO, indent=1)[:-9], AnnotationError, r"line \d\d: not valid JSON"),
    ("json of something else", '{"a": 1}', AnnotationError, "`images`"),
    ("json list", "[1, 2]", AnnotationError, "no known format"),
    ("json too deep", "[" * 100_000, AnnotationError, "nested too deep"),
    (
        "a number without end",
        '[{"image_id": ' + "1" * 5000 + "}]",
        AnnotationError,
        "too many digits",
    ),
    ("coco without photos", '{"images": [], "annotations": []}', EmptyDataError, "no captions"),
    (
        "coco instances",
        json.dumps(COCO | {"annotations": [{"id": 1, "image_id": 7, "bbox": []}]}),
        AnnotationError,
        r"annotations\[0\]: `caption`.*instances",
    ),
    (
        "coco with a stray caption",
        json.dumps(COCO | {"annotations": [{"id": 1, "image_id": 8, "caption": "A"}]}),
        AnnotationError,
        r"annotations\[0\]: image_id 8",
    ),
    (
        "coco without numbers",
        json.dumps(COCO | {"images": [{}]}),
        AnnotationError,
        r"images\[0\]: `id` must",
    ),
    (
        "coco with one number for two photos",
        json.dumps(COCO | {"images": [*COCO["images"], {"id": "7", "file_name": "c.jpg"}]}),
        AnnotationError,
        r"images\[3\]: c\.jpg has the number 7, and so has b\.jpg",
    ),
    (
        "coco with half a number",
        json.dumps(COCO | {"annotations": [{"image_id": 7.5, "caption": "A"}]}),
        AnnotationError,
        r"annotations\[0\]: `image_id` must name the photo.*7\.5",
    ),
    (
        "coco with a caption that is none",
        json.dumps(COCO | {"annotations": [{"image_id": 7, "caption": None}]}),
        AnnotationError,
        r"annotations\[0\]: `caption` must be there, a text",
    ),
    (
        "karpathy with another split",
        json.dumps(KARPATHY).replace("val", "dev"),
        AnnotationError,
        r"images\[0\]: split 'restdev' is none of train, restval",
    ),
    (
        "karpathy without text",
        json.dumps(KARPATHY).replace("raw", "cooked"),
        AnnotationError,
        r"images\[0\].*KeyError: 'raw'",
    ),
]


@pytest.mark.parametrize(
    ("content", "error", "reason"),
    [row[1:] for row in BAD_FILES],
    ids=[row[0] for row in BAD_FILES],
)
def test_bad_file_is_a_named_error(tmp_path, content, error, reason):
    file = write(tmp_path, content)
    with pytest.raises(error, match=reason) as caught:
        read_captions(file, tmp_path)
    assert str(caught.value).startswith(str(file))


def test_caption_file_that_is_not_there(tmp_path):
    with pytest.raises(AnnotationError, match="cannot be read"):
        read_captions(tmp_path / "none.csv", tmp_path)


def test_white_space_and_empty_captions(tmp_path, caplog):
    caplog.set_level("INFO")
    content = 'image,caption\na.jpg,"  A\ndog  runs "\na.jpg,   \nb.jpg,\n'
    (example,) = read_captions(write(tmp_path, content), tmp_path)
    assert example.captions == ("A dog runs",)
    assert "2 empty captions" in caplog.text


def test_cocoid_is_the_image_id(tmp_path):
    image = KARPATHY["images"][0] | {"cocoid": 391895, "filepath": "val2014"}
    (example,) = read_captions(write(tmp_path, json.dumps({"images": [image]})), tmp_path)
    assert (example.image_id, example.image) == (391895, tmp_path / "val2014/b.jpg")


@pytest.mark.parametrize(
    ("stored", "stated"),
    [
        ("a.jpg", "a.jpg"),
        ("sub/a.jpg", "sub/a.jpg"),
        ("a.jpg", "val2014/a.jpg"),
        ("val2014/a.jpg", "a.jpg"),
        ("train2017/000000391895.jpg", "val2014/COCO_val2014_000000391895.jpg"),
        ("000000391895.jpg", "COCO_val2014_000000391895.jpg"),
        ("none/a.jpg", "b/a.jpg"),
    ],
)
def test_where_photos_are_looked_for(tmp_path, stored, stated):
    (tmp_path / stored).parent.mkdir(exist_ok=True)
    (tmp_path / stored).touch()
    (example,) = read_captions(write(tmp_path, f"image,caption\n{stated},A dog\n"), tmp_path)
    assert example.image == tmp_path / (stated if stored.startswith("none") else stored)


def examples(*names: str, split: str | None = None) -> list[CaptionExample]:
    return [CaptionExample(Path("photos") / name, ("A dog",), name, split) for name in names]


def test_missing_photos_are_counted_and_the_first_named(tmp_path):
    found = [CaptionExample(write(tmp_path, "", "here.jpg"), ("A dog",), 1)]
    check_images(found)
    with pytest.raises(MissingImageError, match=r"5 of 6 photos.*0\.jpg.*1\.jpg.*2\.jpg, \.\.\."):
        check_images(found + examples(*(f"{number}.jpg" for number in range(5))))
    with pytest.raises(MissingImageError, match="1 of 1"):
        check_images(examples("long" * 99))


def test_split_by_list_keeps_its_order_and_takes_each_once(tmp_path):
    names = write(tmp_path, "c.jpg\r\n\na.jpg \nc.jpg\n", "train.txt")
    chosen = select_split(examples("a.jpg", "b.jpg", "c.jpg"), names, "train")
    assert [example.image_id for example in chosen] == ["c.jpg", "a.jpg"]


def test_split_by_list_knows_photos_by_id_and_by_last_name(tmp_path):
    known = [
        *examples("one/a.jpg", "two/a.jpg", "two/b.jpg"),
        CaptionExample(Path("COCO_7.jpg"), ("A dog",), 7),
    ]
    chosen = select_split(known, write(tmp_path, "two/a.jpg\nb.jpg\n7\n"), "val")
    assert chosen == [known[1], known[2], known[3]]
    with pytest.raises(AnnotationError, match=r"line 1: 'a\.jpg'"):  # which of the two?
        select_split(known, write(tmp_path, "a.jpg\n"), "val")


def test_split_by_list_names_what_it_does_not_know(tmp_path):
    names = write(tmp_path, "a.jpg\nz.jpg\n", "val.txt")
    with pytest.raises(
        AnnotationError, match=r"val\.txt, line 2: 'z\.jpg' has no captions.*such as a\.jpg"
    ):
        select_split(examples("a.jpg"), names, "val")
    with pytest.raises(AnnotationError, match="cannot be read"):
        select_split(examples("a.jpg"), tmp_path / "none.txt", "val")
    with pytest.raises(EmptyDataError, match="lists no photos"):
        select_split(examples("a.jpg"), write(tmp_path, "\n"), "val")


def test_split_that_the_captions_carry():
    both = examples("a.jpg", split="train") + examples("b.jpg", split="val")
    assert select_split(both, None, "val") == both[1:]
    with pytest.raises(EmptyDataError, match=r"split 'test'.*train: 1, val: 1"):
        select_split(both, None, "test")


def test_captions_without_split_are_all_for_training():
    assert select_split(examples("a.jpg", "b.jpg"), None, "train") == examples("a.jpg", "b.jpg")
    with pytest.raises(EmptyDataError, match=r"split 'val'.*none"):
        select_split(examples("a.jpg"), None, "val")


def test_read_photo_from_example(tmp_path):
    Image.new("RGB", (5, 3)).save(tmp_path / "a.jpg")
    (example,) = read_captions(write(tmp_path, "image,caption\na.jpg,A dog\n"), tmp_path)
    check_images([example])
    assert example.split is None and hash(example)


def test_photos_beside_their_own_caption_file_are_found(tmp_path):
    for split in ("train", "validation"):
        (tmp_path / split).mkdir()
        (tmp_path / split / "0001.jpg").touch()
        (tmp_path / split / "metadata.jsonl").write_text(
            '{"file_name": "0001.jpg", "text": "a dog"}'
        )
        [example] = read_captions(tmp_path / split / "metadata.jsonl", tmp_path)
        assert example.image == tmp_path / split / "0001.jpg"


def test_domains_of_nocaps_are_measured_apart_or_together_and_divide_no_training(tmp_path):
    domains = {7: "in-domain", 8: "out-domain", "9": "out-domain", 10: None}
    content = {
        "images": [
            {"id": number, "file_name": f"{number}.jpg", "domain": name}
            for number, name in domains.items()
        ],
        "annotations": [{"image_id": number, "caption": f"photo {number}"} for number in domains],
    }
    file = tmp_path / "nocaps.json"
    file.write_text(json.dumps(content))
    examples = read_captions(file, tmp_path)
    assert [example.image_id for example in measured_split(examples, "out-domain")] == [8, 9]
    assert measured_split(examples, None) == select_split(examples, None, "train") == examples
    with pytest.raises(EmptyDataError, match="in-domain: 1, out-domain: 2"):
        measured_split(examples, "test")
