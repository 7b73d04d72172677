"""Every action by its name, as a program calls it; and many programs at once, each with its own
answer.
"""

import json
import re
import statistics
import subprocess
import sys
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from captioner.errors import CaptionerError
from captioner.pretrained.samples import sample_clip, sample_photos
from captioner.web.launch import served
from captioner.web.registry import ModelRegistry

NAMES = {
    "/caption",
    "/caption_files",
    "/stop_files",
    "/translate",
    "/transcribe",
    "/recognize",
    "/evaluate",
    "/models",
}
OPTIONS = (2, 3, 12, False, 1.0, "", "", 0)


def connected(url: str, folder: Path) -> Client:
    return Client(
        url,
        verbose=False,
        download_files=folder,
        analytics_enabled=False,
        httpx_kwargs={"timeout": 120},
    )


@pytest.fixture(scope="module")
def client(url, tmp_path_factory):
    return connected(url, tmp_path_factory.mktemp("downloads"))


@pytest.fixture(scope="module")
def captioner():
    import captioner

    return captioner.load("everyday", device="cpu")


def refused(client: Client, *values: object, api_name: str) -> str:
    with pytest.raises(AppError) as caught:
        client.predict(*values, api_name=api_name)
    message = str(caught.value)
    assert not re.search(r"/(tmp|home|root|usr|work)\b|captioner-(web|run)|Traceback", message)
    return message


def test_each_action_has_a_name_and_says_what_it_does(client):
    described = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(described) == NAMES
    for endpoint in described.values():
        assert len(endpoint["description"]) > 30


def test_models_are_listed_with_their_cards(client):
    models = client.predict(api_name="/models")
    expected = {"everyday": "image", "reversed": "text", "digits": "speech", "actions": "video"}
    assert {model["name"]: model["kind"] for model in models} == expected
    assert "Limits" in models[0]["card"]


def test_a_photo_is_captioned_as_python_does(client, captioner):
    photo = sample_photos()[1]
    answer = client.predict(handle_file(photo), "everyday", *OPTIONS, api_name="/caption")
    result = captioner.caption(photo, num_captions=2, beam_size=3, max_length=12)
    assert [one["caption"] for one in answer["captions"]] == [one.text for one in result.candidates]
    assert answer["captions"][0]["log_prob"] == pytest.approx(result.log_prob, abs=1e-4)
    assert sum(one["share"] for one in answer["captions"]) == pytest.approx(1)
    assert [word["word"] for word in answer["words"]] == list(result.candidates[0].words)
    looks = np.array([word["attention"] for word in answer["words"]])
    assert np.allclose(looks, result.attention, atol=1e-4)


def test_a_caption_goes_on_from_given_words(client, captioner):
    photo = sample_photos()[1]
    answer = client.predict(
        handle_file(photo), "everyday", *OPTIONS, "A photo of", api_name="/caption"
    )
    expected = captioner.caption(
        photo, num_captions=2, beam_size=3, max_length=12, begin="A photo of"
    )
    assert [one["caption"] for one in answer["captions"]] == [
        one.text for one in expected.candidates
    ]
    assert answer["caption"].startswith("a photo of ")
    message = refused(
        client, handle_file(photo), "everyday", *OPTIONS, "two giraff", api_name="/caption"
    )
    assert "this model cannot write 'giraff'" in message


def test_options_have_defaults(client):
    answer = client.predict(photo=handle_file(sample_photos()[0]), api_name="/caption")
    assert len(answer["captions"]) == 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"beam_size": 1000}, "beam_size is 1000; this page allows at most 10"),
        ({"num_captions": "many"}, "num_captions must be a whole number"),
        ({"num_captions": 2.5}, "num_captions must be a whole number"),
        ({"temperature": 0}, "temperature"),
        ({"max_length": 0}, "max_length"),
        ({"model": "../../etc"}, "there is no model"),
        ({"model": "reversed"}, "reads another kind of input"),
        ({"photo": None}, "choose a photo first"),
    ],
)
def test_a_request_that_makes_no_sense_is_told_why(client, changes, words):
    with pytest.raises(AppError, match=words):
        client.predict(**{"photo": handle_file(sample_photos()[0]), **changes}, api_name="/caption")


def test_a_clip_is_recognized_as_python_does(client):
    import captioner

    answer = client.predict(handle_file(sample_clip()), "actions", 2, api_name="/recognize")
    result = captioner.load("actions", device="cpu").recognize(sample_clip(), top=2)
    assert {one["label"]: one["probability"] for one in answer["labels"]} == pytest.approx(
        result.probabilities, abs=1e-4
    )
    assert [one["time_s"] for one in answer["frames"]] == pytest.approx(list(result.times_s))
    assert sum(one["attention"] for one in answer["frames"]) == pytest.approx(1, abs=1e-3)


def test_a_recording_that_is_none_or_too_long_is_told_by_a_sentence(client, limits, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"only text")
    assert "not a recording" in refused(
        client, handle_file(tmp_path / "a.wav"), api_name="/transcribe"
    )
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(tmp_path / "long.wav", np.zeros(8000 * int(limits.recording_s + 1)), 8000)
    message = refused(client, handle_file(tmp_path / "long.wav"), api_name="/transcribe")
    assert message.startswith("long.wav: ") and "at most" in message


def test_a_file_that_is_no_photo_is_told_by_a_sentence(client, tmp_path):
    for name, content, words in [
        ("a.jpg", b"\xff\xd8\xff nothing", "a broken JPEG"),
        ("b.jpg", b"", "empty"),
        ("c.jpg", b"only text", "not a photo"),
    ]:
        (tmp_path / name).write_bytes(content)
        message = refused(client, handle_file(tmp_path / name), api_name="/caption")
        assert message.startswith(f"{name}: ")
        assert words in message


def test_an_error_reaches_a_program_as_it_was_written(client, tmp_path):
    (tmp_path / "a & b's.jpg").write_bytes(b"only text")
    assert (
        refused(client, handle_file(tmp_path / "a & b's.jpg"), api_name="/caption").count("&amp;")
        == 0
    )
    message = refused(client, handle_file(sample_photos()[0]), "it's <none>", api_name="/caption")
    assert "it's <none>" in message and "&" not in message


def test_a_photo_of_too_many_pixels_is_refused(client, tmp_path):
    Image.new("1", (5000, 4000)).save(tmp_path / "large.png")
    assert "more than" in refused(client, handle_file(tmp_path / "large.png"), api_name="/caption")


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "http://127.0.0.1:1/a.jpg", "https://example.org/a.jpg"]
)
def test_only_what_was_uploaded_is_read(client, path):
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    refused(client, file, api_name="/caption")


def test_a_zip_comes_back_with_captions_in_all_formats(client, tmp_path):
    sent = tmp_path / "sent.zip"
    with zipfile.ZipFile(sent, "w") as archive:
        for photo in sample_photos():
            archive.write(photo, f"trip/{photo.name}")
        archive.writestr("trip/broken.jpg", b"\xff\xd8\xff nothing")
    answer, results = client.predict([handle_file(sent)], "everyday", api_name="/caption_files")
    assert (answer["done"], answer["total"]) == (4, 4)
    assert [record["file"] for record in answer["records"]] == [
        *(f"trip/{photo.name}" for photo in sample_photos()),
        "trip/broken.jpg",
    ]
    assert answer["records"][3]["error"]["type"] == "CorruptFileError"
    with zipfile.ZipFile(results) as archive:
        names = set(archive.namelist())
        rows = [json.loads(line) for line in archive.read("captions.jsonl").decode().splitlines()]
    assert names >= {"captions.jsonl", "captions.csv", "captions.json", "trip/coffee.txt"}
    assert rows == answer["records"]


def test_an_unsafe_zip_is_refused(client, tmp_path):
    for name, content, words in [
        ("../up.jpg", b"x", "points out"),
        ("bomb.jpg", bytes(15_000_000), "would grow"),
    ]:
        sent = tmp_path / "sent.zip"
        with zipfile.ZipFile(sent, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        assert words in refused(client, [handle_file(sent)], api_name="/caption_files")


def test_a_run_over_many_photos_can_be_stopped_by_its_own_session_alone(url, client, tmp_path):
    photos = [handle_file(sample_photos()[number % 3]) for number in range(60)]
    job = client.submit(photos, "everyday", api_name="/caption_files")
    while not any(answer["done"] for answer, _ in job.outputs()):
        time.sleep(0.05)
    assert connected(url, tmp_path).predict(api_name="/stop_files") == {"stopping": False}
    assert client.predict(api_name="/stop_files") == {"stopping": True}
    answer, _ = job.result(timeout=60)
    assert 0 < answer["done"] < 60
    assert answer["done"] == len(answer["records"])


def test_sentences_are_translated(client, limits):
    answer = client.predict("two brown dogs", "reversed", 2, api_name="/translate")
    assert answer["translation"] == "DOGS BROWN TWO"
    assert [one["translation"] for one in answer["translations"]] == [
        "DOGS BROWN TWO",
        "DOGS BROWN TWO!",
    ]
    assert answer["source_words"] == ["two", "brown", "dogs"]
    assert np.array([word["attention"] for word in answer["words"]]).argmax(axis=1).tolist() == [
        2,
        1,
        0,
    ]
    assert (answer["source_language"], answer["target_language"]) == ("en", "de")
    assert "write a sentence" in refused(client, " ", api_name="/translate")
    told = refused(client, "x " * 60, api_name="/translate")
    assert "120 characters, and this page translates at most 80" in told


def test_texts_are_translated_between_the_languages_that_are_asked_for(client):
    answer = client.predict("Bonjour. Il fait froid !", "reversed", 1, api_name="/translate")
    assert (answer["source_language"], answer["target_language"]) == ("fr", "en")
    assert [one["source"] for one in answer["sentences"]] == ["Bonjour.", "Il fait froid !"]
    assert answer["translation"] == "BONJOUR. ! FROID FAIT IL"
    answer = client.predict("Hello.", "reversed", 1, "en", "fr", api_name="/translate")
    assert (answer["source_language"], answer["target_language"]) == ("en", "fr")
    told = refused(client, "Hallo.", "reversed", 1, "de", "fr", api_name="/translate")
    assert "from German to French" in told


def test_results_are_scored_and_compared(client, tmp_path):
    (tmp_path / "references.txt").write_text("a red dog\na cat sits\n")
    (tmp_path / "one.txt").write_text("a red dog\na cat\n")
    (tmp_path / "two.txt").write_text("a dog\na cat sits\n")
    files = [handle_file(tmp_path / name) for name in ("one.txt", "two.txt")]
    answer = client.predict(
        [handle_file(tmp_path / "references.txt")], files, None, "", ["bleu"], api_name="/evaluate"
    )
    assert set(answer["systems"]) == {"one.txt", "two.txt"}
    assert {comparison["metric"] for comparison in answer["comparisons"]} == {
        "BLEU-1",
        "BLEU-2",
        "BLEU-3",
        "BLEU-4",
    }
    (tmp_path / "short.txt").write_text("a red dog\n")
    references = [handle_file(tmp_path / "references.txt")]
    short = [handle_file(tmp_path / "short.txt")]
    assert "short.txt has 1 lines" in refused(
        client, references, short, None, "", ["bleu"], api_name="/evaluate"
    )


def test_who_comes_while_the_queue_is_full_is_told_so(made_up_model, limits, tmp_path, monkeypatch):
    free = threading.Event()

    class Slow:
        def translate(self, *_: object, **__: object) -> object:
            free.wait(60)
            raise CaptionerError("enough")

    monkeypatch.setattr(ModelRegistry, "_load", lambda *_: Slow())
    with served([made_up_model], "127.0.0.1", limits=replace(limits, waiting=2, workers=1)) as page:
        client = connected(str(page.local_url), tmp_path)
        jobs = [client.submit("a", "reversed", 1, api_name="/translate") for _ in range(6)]
        until = time.monotonic() + 60
        while not any(job.done() for job in jobs) and time.monotonic() < until:
            time.sleep(0.05)
        refusals = [str(job.exception()) for job in jobs if job.done()]
        free.set()
        for job in jobs:
            job.exception(timeout=60)
    assert refusals
    assert all(re.search("queue is full|busy", refusal, re.IGNORECASE) for refusal in refusals)


@pytest.fixture
def page_of_its_own():
    """The page as the command serves it, in another process, whose memory is then the page's
    alone.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "captioner.cli", "app"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield process.stdout.readline().split()[1], psutil.Process(process.pid)
    process.terminate()
    process.wait(30)


@pytest.mark.slow
def test_fifty_photos_of_eight_clients_at_once_each_get_their_own_captions(
    page_of_its_own, captioner, tmp_path, capsys
):
    url, process = page_of_its_own
    paths = []
    for number in range(50):
        path = tmp_path / f"{number}.jpg"
        image = Image.open(sample_photos()[number % 3]).convert("RGB").rotate(7 * number)
        image.save(path, quality=90)
        paths.append(path)
    wanted = [
        captioner.caption(path, num_captions=2, beam_size=3, max_length=12).text for path in paths
    ]
    clients = threading.local()

    def ask(path: Path) -> tuple[str, float]:
        if not hasattr(clients, "own"):
            clients.own = connected(url, tmp_path)
        start = time.perf_counter()
        answer = clients.own.predict(handle_file(path), "everyday", *OPTIONS, api_name="/caption")
        return answer["caption"], time.perf_counter() - start

    with ThreadPoolExecutor(8) as threads:
        for _ in range(3):  # comes to the peak of eight at once, whose memory is kept for good
            list(threads.map(ask, paths))
        before = process.memory_info().rss
        start = time.perf_counter()
        answers = list(threads.map(ask, paths))
        total = time.perf_counter() - start
    grown = process.memory_info().rss - before
    captions, seconds = [text for text, _ in answers], [taken for _, taken in answers]
    with capsys.disabled():
        p95 = statistics.quantiles(seconds, n=20)[-1]
        print(
            f"\n{len(paths) / total:.1f} requests/s, 95th percentile {p95:.2f} s, memory"
            f" {grown / 1e6:+.0f} MB"
        )
    assert captions == wanted
    assert len(set(captions)) > 5
    assert grown < 30e6
