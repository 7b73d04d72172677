"""The page stands alone, and shows names and captions as text."""

import base64
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from captioner.outputs.contact_sheet import THUMBNAIL_PIXELS, ContactSheetWriter
from captioner.outputs.record import Record


class Page(HTMLParser):
    """Checks that all elements are closed in order, and collects tags, attributes and text."""

    VOID = ("meta", "img")

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.source = path.read_bytes().decode()
        self.feed(self.source)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


def write_page(path: Path, *records: Record) -> None:
    with ContactSheetWriter(path) as page:
        for record in records:
            page.write(record)


def test_every_record_has_a_card_and_nothing_in_it_is_taken_for_html(
    tmp_path: Path, photo: Path, hard_records: tuple[Record, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for record in hard_records:
        Path(record.file).parent.mkdir(exist_ok=True)
        Path(record.file).write_bytes(photo.read_bytes())
    path = tmp_path / "page.html"
    write_page(path, *hard_records)
    page = Page(path)
    assert page.count("article") == len(hard_records)
    assert page.count("img") == len(hard_records) - 1
    assert page.count("b") == page.count("i") == 2  # the bars of the one photo with two captions
    for record in hard_records:
        assert (record.caption or 'said "no",\nand stopped') in page.text
    assert "caf\ufffd.jpg" in page.text
    assert "7 photos captioned by flickr8k, 1 failed." in page.text


def test_the_page_needs_nothing_but_itself(
    tmp_path: Path, photo: Path, captioned: Callable[..., Record]
) -> None:
    write_page(tmp_path / "page.html", captioned(str(photo), "a dog", "a cat"))
    page = Page(tmp_path / "page.html")
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert not re.search(r"https?:|url\(|@import", page.source)
    assert all(
        (attributes["src"] or "").startswith("data:image/jpeg;base64,")
        for tag, attributes in page.tags
        if tag == "img"
    )
    assert "prefers-color-scheme: dark" in page.source


def test_a_thumbnail_is_upright_and_small(tmp_path: Path, captioned: Callable[..., Record]) -> None:
    photo = Image.new("RGB", (1200, 900), "red")
    exif = photo.getexif()
    exif[274] = 6  # lies on its side
    photo.save(tmp_path / "photo.jpg", exif=exif)
    write_page(tmp_path / "page.html", captioned(str(tmp_path / "photo.jpg"), "red"))
    attributes = next(
        attributes for tag, attributes in Page(tmp_path / "page.html").tags if tag == "img"
    )
    assert attributes["src"] and attributes["alt"] == "red"
    thumbnail = Image.open(io.BytesIO(base64.b64decode(attributes["src"].partition(",")[2])))
    assert thumbnail.size == (THUMBNAIL_PIXELS * 3 // 4, THUMBNAIL_PIXELS)
    assert (attributes["width"], attributes["height"]) == tuple(map(str, thumbnail.size))


def test_shares_of_candidates_are_their_probabilities_made_to_sum_to_one(
    tmp_path: Path, photo: Path, captioned: Callable[..., Record]
) -> None:
    write_page(tmp_path / "page.html", captioned(str(photo), "one", "two", log_prob=-2000.0))
    page = Page(tmp_path / "page.html")
    assert [text for text in page.text if text.endswith("%")] == [
        "73%",
        "27%",
    ]  # e / (e + 1) and 1 / (e + 1)
    assert [attributes["style"] for tag, attributes in page.tags if tag == "i"] == [
        "width:73.1%",
        "width:26.9%",
    ]


def test_a_photo_that_went_away_keeps_its_caption(
    tmp_path: Path, captioned: Callable[..., Record]
) -> None:
    write_page(tmp_path / "page.html", captioned(str(tmp_path / "gone.jpg"), "a dog"))
    page = Page(tmp_path / "page.html")
    assert {"a dog", "no such file"} <= set(page.text)
    assert page.count("img") == 0


def test_a_failure_says_why(tmp_path: Path, failed: Callable[..., Record]) -> None:
    write_page(tmp_path / "page.html", failed("trip/a.jpg", "the file is empty"))
    page = Page(tmp_path / "page.html")
    assert {"the file is empty", "CorruptFileError", "a.jpg"} <= set(page.text)


def test_no_photos_are_a_page_that_says_so(tmp_path: Path) -> None:
    write_page(tmp_path / "page.html")
    assert "0 photos captioned." in Page(tmp_path / "page.html").text


def test_cards_are_on_the_disk_before_all_photos_are_seen(
    tmp_path: Path, photo: Path, captioned: Callable[..., Record]
) -> None:
    writer = ContactSheetWriter(tmp_path / "page.html")
    for _ in range(30):
        writer.write(captioned(str(photo), "a dog"))
    part = tmp_path / "page.html.part"
    written = part.stat().st_size
    assert written > 0
    assert not (tmp_path / "page.html").exists()
    writer.close()
    assert (
        tmp_path / "page.html"
    ).stat().st_size - written < 70_000  # a buffer and a card, not thirty cards
    assert not part.exists()
