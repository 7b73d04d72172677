"""The page of scores is sorted, searchable, and escapes what it shows."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from captioner.evaluation.offline.card import CardScorer
from captioner.evaluation.offline.page import write_score_page
from captioner.evaluation.offline.references import References

HARD = "<script>alert(\"x\")</script> & 'quotes'"
TEXTS = {
    "a.jpg": ("A dog runs on grass .", HARD),
    "b.jpg": ("Two cats sleep .",),
    "c.jpg": ("A girl in blue water",),
}
HYPOTHESES = {"a.jpg": "a dog runs on grass", "b.jpg": HARD, "c.jpg": "a girl in water"}


@pytest.fixture
def page(tmp_path: Path) -> str:
    """A page with one photo of three there, whose name must be escaped."""
    Image.new("RGB", (900, 600), "red").save(tmp_path / "a<b>.jpg")
    photos = {item: tmp_path / ("a<b>.jpg" if item == "a.jpg" else item) for item in TEXTS}
    references = References(TEXTS, photos, aligned=False)
    card = CardScorer(references, ["Bleu", "RougeL", "Cider"]).score(HYPOTHESES)
    write_score_page(tmp_path / "page.html", card, HYPOTHESES, references, photos=True)
    return (tmp_path / "page.html").read_text(encoding="utf-8")


def test_items_come_worst_first_with_score_and_references(page):
    scores = [float(value) for value in re.findall(r"<b>CIDEr ([\d.]+)</b>", page)]
    assert len(scores) == 3
    assert scores == sorted(scores)
    assert page.index("Two cats sleep .") < page.index("A dog runs on grass .")


def test_the_page_has_all_numbers(page):
    for part in (
        "BLEU-4",
        "95 % interval",
        "nrefs:1-2|case:lc",
        "distinct-1",
        "3 items, worst CIDEr first.",
    ):
        assert part in page


def test_nothing_of_a_caption_or_a_name_is_taken_for_html_and_nothing_is_fetched(page):
    assert page.count("<script>") == 1
    assert (
        page.count("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#x27;quotes&#x27;")
        == 2
    )
    assert "a&lt;b&gt;.jpg" in page
    assert not re.search(r"https?:|url\(|@import", page)
    assert "prefers-color-scheme: dark" in page


def test_a_photo_is_a_thumbnail_and_one_that_is_not_there_is_said_to_be(page):
    assert re.findall(r'width="(\d+)" height="(\d+)"', page) == [("360", "240")]
    assert page.count("no such file") == 2


def test_without_photos_and_names_items_go_by_line(tmp_path):
    references = References({1: ("a dog",), 2: ("a cat",)}, {}, aligned=True)
    hypotheses = {1: "a cow", 2: ""}
    card = CardScorer(references, ["Wer"]).score(hypotheses)
    write_score_page(tmp_path / "page.html", card, hypotheses, references, photos=False)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.index("line 2") < page.index("line 1")  # all of it is wrong, half of the other
    assert "<img" not in page


@pytest.mark.browser
def test_the_search_hides_what_does_not_match(page, tmp_path):
    browser = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if browser is None:
        pytest.skip("no Chromium")
    # The page's own rule lets no other script run, so the copy that types goes without it.
    typing = (
        '<script>box.value = "GRASS dog"; box.dispatchEvent(new Event("input"))</script></body>'
    )
    copy = re.sub(r"<meta http-equiv[^>]*>", "", page).replace("</body>", typing)
    (tmp_path / "copy.html").write_text(copy, encoding="utf-8")
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--dump-dom",
        f"file://{tmp_path}/copy.html",
    ]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    assert "<output>1 of 3</output>" in shown
    assert shown.count('<article hidden="">') == 2
