"""Tables and JSON of all usual shapes are read; what only may be one is asked about."""

import csv
import json
import unicodedata
from pathlib import Path

import pytest

from captioner.data.caption_file import check_plain, named_rows
from captioner.data.examples import read_captions, select_split
from captioner.data.text_file import read_text
from captioner.errors import AnnotationError

DOG, CATS = "A dog, running; fast", "Two cats | one mat"
EXPECTED = [("b.jpg", DOG), ("a.jpg", CATS)]


def table(header: str, delimiter: str, end: str = "\n") -> str:
    """A table as a spreadsheet writes it: quotes where they must be."""
    lines = [delimiter.join(header.split(",")) + end] if header else []
    for row in EXPECTED:
        quoted = [f'"{field}"' if delimiter in field else field for field in row]
        lines.append(delimiter.join(quoted) + end)
    return "".join(lines)


TABLES = {
    **{f"delimiter {delimiter!r}": table("image,caption", delimiter) for delimiter in ",;\t|"},
    **{f"headerless, delimiter {delimiter!r}": table("", delimiter) for delimiter in ",;\t|"},
    **{
        f"columns {header}": table(header, ";")
        for header in (
            *(
                "file,caption",
                "file_name,text",
                "filename,sentence",
                "image_id,caption",
                "Image Name,Description",
            ),
            *(
                "photo,comment",
                "img,hypothesis",
                "path,prediction",
                "IMAGE,Captions",
                "image-name,raw",
                "id,text",
            ),
        )
    },
    "Flickr30k's bars with spaces": (
        # The quotes as a table's.
        f'image_name| comment_number| comment\nb.jpg| 0| {DOG}\na.jpg| 0| "{CATS}"\n'
    ),
    "row numbers of pandas": f',image,caption\n0,b.jpg,"{DOG}"\n1,a.jpg,{CATS}\n',
    "row numbers by name": f'id,image,caption\n7,b.jpg,"{DOG}"\n8,a.jpg,{CATS}\n',
    "a space behind the comma": f'image, caption\nb.jpg, "{DOG}"\na.jpg, "{CATS}"\n',
    "all quoted": f'"image";"caption"\n"b.jpg";"{DOG}"\n"a.jpg";"{CATS}"\n',
    "ends of lines of Windows": table("image,caption", ";", "\r\n"),
    "ends of lines of old Macs": table("image,caption", ",", "\r"),
    "blank lines before it": "\n\n" + table("image,caption", "\t"),
    "Excel's first line": "sep=;\n" + table("image,caption", ";"),
    "Excel's first line, another sign": "sep=^\n" + table("image,caption", "^"),
}


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES)
def test_tables_of_all_kinds_are_read(text):
    rows = named_rows(text, Path("table"))
    assert rows is not None
    assert [(row.image_id, row.caption) for row in rows] == EXPECTED


def test_quotes_of_a_caption_in_a_table_with_tabs_are_its_own():
    rows = named_rows('image\tcaption\nb.jpg\t"Stop" says a "sign"\n', Path("table"))
    assert [row.caption for row in rows or ()] == ['"Stop" says a "sign"']


def test_several_columns_of_captions_are_several_captions():
    rows = named_rows("image,caption_1,caption_2,n\nb.jpg,A dog,A cat,3\n", Path("table"))
    assert [(row.image_id, row.caption) for row in rows or ()] == [
        ("b.jpg", "A dog"),
        ("b.jpg", "A cat"),
    ]


def test_a_list_in_a_cell_is_several_captions():
    text = 'raw,filename\n"[""a dog, really"", ""a dog""]",b.jpg\n[laughter],a.jpg\n'
    assert [(row.image_id, row.caption) for row in named_rows(text, Path("x.csv")) or ()] == [
        ("b.jpg", "a dog, really"),
        ("b.jpg", "a dog"),
        ("a.jpg", "[laughter]"),
    ]
    with pytest.raises(AnnotationError, match="line 2: a list that is not JSON"):
        list(named_rows("raw,filename\n\"['a dog', 'cats']\",b.jpg\n", Path("x.csv")) or ())


def test_numbers_with_tabs_behind_them_name_photos():
    rows = named_rows("36979\tA dog\n36979\tA cat\n", Path("texts.tsv"))
    assert [(row.image_id, row.caption) for row in rows or ()] == [
        ("36979", "A dog"),
        ("36979", "A cat"),
    ]


def test_a_caption_of_any_length_is_read_and_the_limit_is_as_it_was():
    before = csv.field_size_limit()
    caption = "word " * 32_000
    rows = list(named_rows(f"image,caption\na.jpg,{caption}\n", Path("table")) or ())
    assert rows[0].caption == caption and csv.field_size_limit() == before


PLAIN = {
    "captions": "a dog runs\ntwo cats sleep\n",
    "commas here and there": "a dog, a cat\ntwo cats sleep\none, two, three\n",
    "one comma each, but two lines": "a dog, a cat\nwell, yes\n",
    "one line": "a dog; a cat | a cow\n",
    "a bracket": "[laughter] yes\n[noise]\n",
    "a caption of one word that names no column": "dog\ncat\n",
    "an empty caption": "\na dog\n",
    "nothing": "",
}
LIKE_TABLES = {
    "semicolons": ("bild;satz\na.jpg;ein Hund\n", "each line has 1 semicolon, as in 'bild;satz'"),
    "tabs": ("bild\tsatz\textra\nx\tein Hund\t1\n", "each line has 2 tabs"),
    "bars": ("x | a dog\ny | a cat\n", "each line has 1 bar"),
    "commas in three lines": ("a, b\nc, d\ne, f\n", "each line has 1 comma"),
    "commas and names of photos": ("bild,satz\na.jpg,ein Hund\n", "each line has 1 comma"),
    "commas in quotes": ('bild,satz,x\n1,"ein, Hund",y\n2,Katze,z\n', "each line has 2 commas"),
    "names and spaces": ("a.jpg a dog\nb.jpg a cat\n", "each line begins with the name of a photo"),
    "one column with a header": (
        "caption\na dog\na cat\n",
        "line 1: 'caption' is what a column is called",
    ),
    "one quoted column with a header": ('"Text"\n"a dog"\n', "is what a column is called"),
}


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN)
def test_captions_alone_are_no_table(text):
    assert named_rows(text, Path("lines")) is None
    check_plain(text, Path("lines"))


@pytest.mark.parametrize(("text", "question"), LIKE_TABLES.values(), ids=LIKE_TABLES)
def test_what_may_be_a_table_is_asked_about(text, question):
    assert named_rows(text, Path("lines")) is None
    with pytest.raises(AnnotationError) as error:
        check_plain(text, Path("lines"))
    assert question in str(error.value) and "--plain" in str(error.value)


IMAGES = [{"id": 7, "file_name": "b.jpg"}, {"id": 3, "file_name": "a.jpg"}]
PAIRS = [{"image_id": 7, "caption": DOG}, {"image_id": 3, "caption": CATS}]
COCO = {
    "usual": {"images": IMAGES, "annotations": [pair | {"id": n} for n, pair in enumerate(PAIRS)]},
    "no number of annotations, no info": {"images": IMAGES, "annotations": PAIRS},
    "categories": {
        "categories": [{"id": 1}],
        "images": IMAGES,
        "annotations": PAIRS,
        "info": {},
        "licenses": [],
    },
    "numbers as texts": {
        "images": [one | {"id": str(one["id"])} for one in IMAGES],
        "annotations": PAIRS,
    },
    "numbers as texts in annotations": {
        "images": IMAGES,
        "annotations": [pair | {"image_id": f"{pair['image_id']}"} for pair in PAIRS],
    },
    "numbers with zeros": {
        "images": IMAGES,
        "annotations": [pair | {"image_id": f"{pair['image_id']:012d}"} for pair in PAIRS],
    },
    "numbers with a point": {
        "images": [one | {"id": float(one["id"])} for one in IMAGES],
        "annotations": PAIRS,
    },
    "a photo listed twice": {"images": IMAGES * 2, "annotations": PAIRS},
    "an annotation listed twice": {
        "images": IMAGES,
        "annotations": [pair | {"id": 1} for pair in PAIRS] * 2,
    },
    "annotations by file": {
        "images": IMAGES,
        "annotations": [
            pair | {"image_id": name} for pair, name in zip(PAIRS, ("b.jpg", "a.jpg"), strict=True)
        ],
    },
    "files by address": {
        "images": [
            {"id": one["id"], "coco_url": f"http://x.org/p/{one['file_name']}?s=1"}
            for one in IMAGES
        ],
        "annotations": PAIRS,
    },
    "a photo without captions": {
        "images": [{"id": 9, "file_name": "c.jpg"}, *IMAGES],
        "annotations": PAIRS,
    },
}
OTHER_JSON = {
    "results": PAIRS,
    "annotations alone": {"annotations": PAIRS},
    "results within an object": {"info": {}, "version": "1.0", "results": PAIRS},
    "a text for each": {"7": DOG, "3": CATS},
    "a list for each": {"7": [DOG], "3": [CATS]},
    "objects for each": {"7": [{"caption": DOG}], "3": [{"caption": CATS}]},
    "as pycocoevalcap has them": {"7": [PAIRS[0]], "3": [PAIRS[1]]},
    "a list of photos with lists": [
        {"image_id": 7, "captions": [DOG]},
        {"image_id": 3, "sentences": [{"raw": CATS}]},
    ],
}


@pytest.mark.parametrize("content", COCO.values(), ids=COCO)
def test_coco_is_read_as_whoever_wrote_it(content):
    rows = list(named_rows(json.dumps(content), Path("json")) or ())
    assert [(row.image_id, row.file_name, row.caption) for row in rows] == [
        (7, "b.jpg", DOG),
        (3, "a.jpg", CATS),
    ]


@pytest.mark.parametrize("content", OTHER_JSON.values(), ids=OTHER_JSON)
@pytest.mark.parametrize("indent", [None, 1])
def test_json_of_other_shapes_is_read(content, indent):
    rows = list(named_rows(json.dumps(content, indent=indent), Path("json")) or ())
    assert [(row.image_id, row.caption) for row in rows] == [(7, DOG), (3, CATS)]


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "7.5", "true", "null", "[7]", '""', '{"a": 1}']
)
def test_what_is_no_number_of_a_photo_is_named(number):
    for content in (
        f'[{{"image_id": {number}, "caption": "A"}}]',
        f'{{"images": [{{"id": {number}, "file_name": "a.jpg"}}], "annotations": []}}',
        f'{{"annotations": [{{"image_id": {number}, "caption": "A"}}]}}',
    ):
        with pytest.raises(AnnotationError, match=r"must name the photo"):
            list(named_rows(content, Path("json")) or ())


@pytest.mark.parametrize(
    "content",
    ['{"images": {}, "annotations": []}', '{"a": {"b": "c"}}', '{"a": "x", "b": ["y"]}', "{}"],
)
def test_json_of_unknown_shape_is_refused(content):
    with pytest.raises(AnnotationError, match="JSON with captions has"):
        list(named_rows(content, Path("json")) or ())


@pytest.mark.parametrize("half", ["\\ud83d", "\\ude00", "\\udcff"])
def test_halves_of_characters_are_replaced(half):
    rows = list(named_rows(f'[{{"image_id": 7, "caption": "A dog {half}!"}}]', Path("json")) or ())
    assert rows[0].caption == "A dog \ufffd!"
    whole = list(
        named_rows('[{"image_id": 7, "caption": "A dog \\ud83d\\ude00"}]', Path("json")) or ()
    )
    assert whole[0].caption == "A dog \U0001f600"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_text_is_read_by_its_mark(tmp_path, encoding):
    file = tmp_path / "file"
    file.write_bytes("Füße\n".encode(encoding))
    assert read_text(file) == "Füße\n"


def test_names_that_look_alike_are_one(tmp_path):
    composed, apart = (unicodedata.normalize(form, "für.jpg") for form in ("NFC", "NFD"))
    (tmp_path / apart).touch()
    captions = tmp_path / "captions.csv"
    captions.write_text(f"image,caption\n{composed},one\n{apart},two\n", encoding="utf-8")
    (example,) = read_captions(captions, tmp_path)
    assert (example.captions, example.image) == (("one", "two"), tmp_path / apart)
    for spelled in (composed, apart):
        (tmp_path / "names.txt").write_text(spelled, encoding="utf-8")
        assert select_split([example], tmp_path / "names.txt", "val") == [example]
