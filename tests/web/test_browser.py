"""The page in a real browser, used as a person would; $CAPTIONER_SCREENSHOTS is where
screenshots go, if it is set.
"""

import os
import re
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from captioner.pretrained.samples import sample_clip, sample_photos

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
expect = playwright.expect
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium on the PATH"),
]
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
DARK = {**DESKTOP, "color_scheme": "dark"}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
EVIL = "<img src=x onerror=document.title='pwned'>.jpg"
PATIENCE_MS = 120_000  # for a busy machine; on an idle one all of this takes a minute

Open = Callable[..., "playwright.Page"]


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, url) -> Iterator[Open]:
    """Open a tab of the page; at the end, nothing was asked of another host, and no script
    failed.
    """
    contexts, strangers, failures = [], [], []

    def open_tab(tab: str, device: dict[str, object] = DESKTOP) -> "playwright.Page":
        context = browser.new_context(**device)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on(
            "request",
            lambda one: (
                None if one.url.startswith((url, "data:", "blob:")) else strangers.append(one.url)
            ),
        )
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on(
            "console",
            lambda one: failures.append(one.text) if "Content Security" in one.text else None,
        )
        page.goto(url)
        page.get_by_role("tab", name=tab).click()
        return page

    expect.set_options(timeout=PATIENCE_MS)
    yield open_tab
    for context in contexts:
        context.close()
    assert not strangers
    assert not failures


@pytest.fixture(scope="module")
def shoot(tmp_path_factory) -> Callable[["playwright.Page", str], Path]:
    folder = Path(os.environ.get("CAPTIONER_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)

    def save(page: "playwright.Page", name: str) -> Path:
        path = folder / f"{name}.png"
        page.screenshot(path=path, full_page=True)
        return path

    return save


def send_photo(page: "playwright.Page", photo: Path) -> None:
    page.locator("#photo input[type=file]").first.set_input_files(photo)
    page.locator(".words button").first.wait_for()


def brightness(page: "playwright.Page", path: Path) -> float:
    page.locator(".looked").screenshot(path=path)
    pixels = list(Image.open(path).convert("L").get_flattened_data())
    return sum(pixels) / len(pixels)


def test_a_photo_is_captioned_and_lit_word_by_word(visit, shoot, tmp_path):
    page = visit("Photo")
    shoot(page, "photo-empty")
    send_photo(page, sample_photos()[0])
    words = page.locator(".words button")
    captions = page.locator("#captions .ranked li")
    expect(captions).to_have_count(3)
    best = captions.first.locator("span").inner_text()
    assert " ".join(words.all_inner_texts()) == best
    whole = brightness(page, tmp_path / "whole.png")
    words.nth(2).click()
    expect(words.nth(2)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("figcaption")).to_contain_text("likely after the words before it")
    time.sleep(0.4)
    assert 0.2 * whole < brightness(page, tmp_path / "lit.png") < 0.9 * whole
    shoot(page, "photo-lit")
    page.keyboard.press("ArrowRight")
    expect(words.nth(3)).to_be_focused()
    expect(words.nth(3)).to_have_attribute("aria-pressed", "true")
    words.nth(3).press("Enter")
    expect(page.locator(".looked.lit")).to_have_count(0)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name=f"Copy: {best}", exact=True).click()
    assert page.evaluate("navigator.clipboard.readText()") == best


def test_a_caption_is_written_anew_behind_the_word_at_the_cursor(visit, shoot):
    page = visit("Photo")
    send_photo(page, sample_photos()[0])
    captions = page.locator("#captions .ranked li span")
    expect(captions).to_have_count(3)
    box = page.locator("#begin input, #begin textarea")
    expect(box).to_have_value(captions.first.inner_text())
    box.fill("two black what stands here is let go")
    box.evaluate("box => box.setSelectionRange(6, 6)")  # within the second word
    box.press("Enter")
    expect(captions.first).to_contain_text("two black ")
    assert all(text.startswith("two black ") for text in captions.all_inner_texts())
    expect(box).to_have_value(captions.first.inner_text())
    assert "stands" not in box.input_value()
    shoot(page, "photo-begun")
    box.fill("two giraffs")
    box.press("Enter")
    expect(page.locator(".toast-body")).to_contain_text("similar words are giraff")


def test_options_change_the_captions_and_an_example_is_one_click(visit):
    page = visit("Photo")
    page.locator(".gallery-item, .gallery button").nth(1).click()
    expect(page.locator("#captions .ranked li")).to_have_count(3)
    page.get_by_role("button", name="Options").first.click()
    count = page.get_by_role("spinbutton", name="number input for Captions")
    slider = page.get_by_role("slider", name="range slider for Captions")
    expect(slider).to_be_visible()
    count.fill("5")
    count.press("Tab")
    expect(slider).to_have_value("5")
    page.locator("#again").click()
    expect(page.locator("#captions .ranked li")).to_have_count(5)


def test_a_file_that_is_no_photo_is_told_by_a_sentence_and_never_run(visit, shoot, tmp_path):
    (tmp_path / EVIL).write_bytes(b"\xff\xd8\xff nothing")
    page = visit("Photo")
    page.locator("#photo input[type=file]").first.set_input_files(tmp_path / EVIL)
    toast = page.locator(".toast-body")
    expect(toast).to_contain_text("broken JPEG")
    assert "Traceback" not in toast.inner_text()
    assert "/tmp" not in toast.inner_text()
    shoot(page, "photo-error")
    assert page.title() == "captioner"


@pytest.mark.parametrize(("name", "device"), [("light", DESKTOP), ("phone", PHONE)])
def test_many_photos_are_captioned_edited_and_downloaded(visit, shoot, tmp_path, name, device):
    sent = tmp_path / "sent.zip"
    with zipfile.ZipFile(sent, "w") as archive:
        for number in range(4):
            for photo in sample_photos():
                archive.write(photo, f"trip/{number}-{photo.name}")
        archive.writestr(f"trip/{EVIL}", b"\xff\xd8\xff nothing")
    page = visit("Folder", device)
    page.locator("#files input[type=file]").set_input_files(sent)
    expect(page.locator("#files")).to_contain_text(re.compile(r"sent\s*\.zip"))
    page.locator("#start").click()
    expect(page.locator("#progress")).to_contain_text("13 of 13 photos")
    expect(page.locator("#progress")).to_contain_text("1 failed")
    expect(page.locator("#progress")).to_contain_text("done")
    expect(page.locator("#gallery img")).to_have_count(12)
    page.get_by_test_id("cell-0-1").dblclick()
    page.locator("#table textarea").press("Control+a")
    page.keyboard.type("a cat looks up")
    page.keyboard.press("Enter")
    expect(page.locator("#gallery")).to_contain_text("a cat looks up")
    with page.expect_download() as download:
        page.locator("#download").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.read("trip/0-cat.txt") == b"a cat looks up\n"
        assert len(archive.namelist()) == 12 + 3
    assert page.evaluate("document.documentElement.scrollWidth") <= device["viewport"]["width"]
    assert page.title() == "captioner"
    shoot(page, f"folder-{name}")


def test_a_run_over_many_photos_can_be_stopped(visit):
    page = visit("Folder")
    page.locator("#files input[type=file]").set_input_files([sample_photos()[0]] * 60)
    expect(page.locator("#files")).to_contain_text("cat")
    page.locator("#start").click()
    expect(page.locator("#progress")).to_contain_text("left")
    page.locator("#stop").click()
    expect(page.locator("#progress")).to_contain_text("stopped; what is done is kept")
    expect(page.locator("#download")).to_be_visible()


def test_a_sentence_is_translated_while_it_is_typed(visit, shoot):
    page = visit("Translate")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/join" in request.url else 0)
    page.locator("#sentence textarea").press_sequentially("two brown dogs", delay=30)
    expect(page.locator("#translation .best")).to_have_text("DOGS BROWN TWO")
    assert len(asked) < 5  # one a pause, not one a key; a slow browser may pause in between
    expect(page.locator("#translation .ranked li")).to_have_count(3)
    page.locator(".matrix tbody th").nth(1).hover()
    expect(page.locator(".matrix .pointed")).to_have_count(
        1 + 3
    )  # the row of a word of the translation
    page.locator(".matrix tbody td").nth(1).hover()
    expect(page.locator(".matrix .pointed")).to_have_count(
        1 + 3 + 1 + 2
    )  # row and column of a pair of words
    shoot(page, "translate")


def inserted_at_once(page: "playwright.Page", text: str) -> None:
    page.locator("#sentence textarea").select_text()
    page.keyboard.insert_text(text)


def pasted_by_mouse(page: "playwright.Page", text: str) -> None:
    """As a browser's own menu does: no key is pressed."""
    page.locator("#sentence textarea").evaluate(
        "(box, text) => { box.focus(); box.select(); document.execCommand('insertText', false,"
        " text); }",
        text,
    )


def set_by_a_program(page: "playwright.Page", text: str) -> None:
    """As dictation and extensions of browsers do."""
    page.locator("#sentence textarea").evaluate(
        "(box, text) => { box.value = text; box.dispatchEvent(new Event('input', { bubbles: true"
        " })); }",
        text,
    )


ARRIVALS = {
    "fill": lambda page, text: page.locator("#sentence textarea").fill(text),
    "keys": lambda page, text: (
        page.locator("#sentence textarea").fill(""),
        page.locator("#sentence textarea").press_sequentially(text, delay=5),
    ),
    "insert": inserted_at_once,
    "paste": pasted_by_mouse,
    "program": set_by_a_program,
}


@pytest.mark.parametrize("arrive", ARRIVALS.values(), ids=ARRIVALS.keys())
def test_a_sentence_is_translated_however_it_arrives_and_never_another(visit, arrive):
    page = visit("Translate")
    best = page.locator("#translation .best")
    for text in ("two brown dogs", "a cat", "one more"):
        arrive(page, text)
        expect(best).to_have_text(" ".join(reversed(text.upper().split())))
    # What stood there is gone before the next one comes.
    arrive(page, "two brown dogs")
    assert not best.is_visible() or best.inner_text() == "DOGS BROWN TWO"
    expect(best).to_have_text("DOGS BROWN TWO")
    expect(best).to_be_visible()
    arrive(page, "")
    expect(page.locator("#translation .empty")).to_be_visible()
    expect(best).to_have_count(0)


def test_a_text_is_read_sentence_by_sentence(visit, shoot):
    page = visit("Translate")
    page.get_by_text("A day at the lake").click()  # more than the 80 characters of this page
    expect(page.locator("#translation .unsure")).to_contain_text("at most 80 at once")
    page.locator("#sentence textarea").fill("Two dogs run.\n\nIt is cold. We go home.")
    expect(page.locator("#translation .best")).to_have_text(
        "RUN. DOGS TWO\n\nCOLD. IS IT HOME. GO WE"
    )
    assert page.locator("#translation .best").evaluate("one => one.textContent").count("\n") == 2
    expect(page.locator("#translation")).to_contain_text("English, found by itself, to German")
    expect(page.locator(".pairs > li")).to_have_count(3)
    page.locator(".best [data-pair]").nth(1).hover()
    expect(page.locator("#translation .lit")).to_have_text(
        ["COLD. IS IT", re.compile(r"It is cold\.\s*COLD\. IS IT")]
    )
    page.locator(".pairs > li").nth(2).hover()
    expect(page.locator("#translation .lit")).to_have_count(2)
    expect(page.locator(".best .lit")).to_have_text("HOME. GO WE")
    page.locator(".pairs summary").nth(2).click()
    expect(page.locator(".pairs .matrix").nth(2)).to_be_visible()
    cell = page.locator(".pairs .matrix").nth(2).locator("tbody td").first
    cell.hover()
    expect(cell).to_have_attribute("title", re.compile("“HOME.” ← “We”: 3% of the look"))
    shoot(page, "translate-sentences")


def choose(page: "playwright.Page", label: str, option: str) -> None:
    page.get_by_role("listbox", name=label).or_(page.get_by_label(label, exact=True)).first.click()
    page.get_by_role("option", name=option, exact=True).click()
    expect(page.get_by_role("option")).to_have_count(0)  # the list has closed


def test_languages_are_chosen_and_swapped(visit, shoot):
    page = visit("Translate")
    box, best = page.locator("#sentence textarea"), page.locator("#translation .best")
    about = page.locator("#translation .about")
    box.fill("This is my house.")
    expect(about).to_contain_text("English, found by itself, to German")
    choose(page, "To", "French")
    expect(about).to_contain_text("English, found by itself, to French")
    page.locator("#swap").click()
    expect(box).to_have_value("HOUSE. MY IS THIS")
    expect(about).to_contain_text("French to English")
    expect(best).to_have_text("HOUSE. THIS IS MY")  # of two sentences, each turned round
    expect(page.get_by_label("From", exact=True)).to_have_value("French")
    choose(page, "From", "Found by itself")
    choose(page, "To", "German")
    expect(about).to_contain_text("found by itself, to German")
    box.fill("Das ist ein Haus.")
    expect(page.locator("#translation .unsure")).to_contain_text("reads like German already")
    page.locator("#swap").click()
    expect(about).to_contain_text("German to English")
    expect(box).to_have_value("Das ist ein Haus.")
    box.fill("Il gatto dorme sul divano.")
    expect(page.locator("#translation .unsure")).to_contain_text("does not read like German")


def test_a_recording_is_transcribed(visit, shoot, tmp_path):
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(tmp_path / "hum.wav", 0.1 * np.sin(np.arange(8000) / 9), 8000)
    page = visit("Transcribe")
    page.locator("#recording input[type=file]").set_input_files(tmp_path / "hum.wav")
    expect(page.locator("#transcript")).to_contain_text("seconds")
    shoot(page, "transcribe")


def test_a_clip_is_recognized_and_its_frames_are_lit(visit, shoot):
    page = visit("Recognize")
    page.locator("#clip input[type=file]").set_input_files(sample_clip())
    expect(page.locator("#actions .ranked li")).to_have_count(3)
    expect(page.locator("#actions .frames img")).to_have_count(8)
    light = page.locator("#actions .frames figure").evaluate_all(
        "all => all.map(one => one.style.cssText)"
    )
    assert sum("--light: 1" in style or "--light:1" in style for style in light) >= 1
    shoot(page, "recognize")


def test_results_are_scored_and_compared(visit, shoot, tmp_path):
    page = visit("Evaluate")
    rows = [
        "image,caption",
        "cat.jpg,a cat looks up",
        "coffee.jpg,a cup of coffee on a table",
        "tower.jpg,a lit tower",
    ]
    (tmp_path / "references.csv").write_text("\n".join(rows))
    (tmp_path / "one.csv").write_text(
        "file,caption\ncat.jpg,a cat looks up\ncoffee.jpg,a dog\ntower.jpg,a tower\n"
    )
    (tmp_path / "two.csv").write_text(
        "file,caption\ncat.jpg,a dog\ncoffee.jpg,<b>a cup</b>\ntower.jpg,a tower\n"
    )
    page.locator("#references input[type=file]").set_input_files(tmp_path / "references.csv")
    page.locator("#results input[type=file]").set_input_files(
        [tmp_path / "one.csv", tmp_path / "two.csv"]
    )
    expect(page.locator("#results")).to_contain_text(
        re.compile(r"two\s*\.csv")
    )  # Gradio may part name and suffix
    page.get_by_role("button", name="Options").last.click()
    page.locator("#score-photos input[type=file]").set_input_files(sample_photos())
    expect(page.locator("#score-photos")).to_contain_text("tower")
    page.locator("#score").click()
    expect(page.locator("#scores .scores")).to_have_count(2)
    expect(page.locator("#scores .verdicts li").first).to_contain_text("one.csv")
    expect(page.locator("#scores .worst article img")).to_have_count(3)
    shoot(page, "evaluate")


@pytest.mark.parametrize(("name", "device"), [("dark", DARK), ("phone", PHONE)])
def test_it_is_readable_in_the_dark_and_on_a_phone(visit, shoot, name, device):
    page = visit("Photo", device)
    send_photo(page, sample_photos()[1])
    page.locator(".words button").nth(2).click()
    expect(page.locator(".looked.lit")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= device["viewport"]["width"]
    paper, ink = page.evaluate(
        "(() => { const style = getComputedStyle(document.querySelector('gradio-app'));"
        " return [style.backgroundColor, getComputedStyle(document.querySelector('.heading"
        " h1')).color]; })()"
    )
    light = [
        sum(int(part) for part in color[color.index("(") + 1 : -1].split(",")[:3])
        for color in (paper, ink)
    ]
    assert (light[0] < light[1]) == (name == "dark")
    time.sleep(0.4)
    shoot(page, f"photo-{name}")


def test_each_control_has_a_name_for_a_screen_reader(visit):
    page = visit("Photo")
    send_photo(page, sample_photos()[0])
    for tab in ("Photo", "Folder", "Translate", "Transcribe", "Recognize", "Evaluate"):
        page.get_by_role("tab", name=tab).click()
        nameless = page.evaluate(
            """() => [...document.querySelectorAll(
              "button, input, textarea, [role=button], [role=slider]")]
            .filter(one => one.offsetParent && !(one.innerText || one.ariaLabel || one.title
              || one.placeholder
              || one.labels?.length || one.getAttribute("aria-labelledby")
              || one.querySelector("img[alt]")))
            .map(one => one.outerHTML.slice(0, 200))"""
        )
        assert not nameless
