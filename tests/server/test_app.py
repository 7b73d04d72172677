"""Requests and their answers: what Python says of the same photo or text, and a sentence for
each failure.
"""

import base64
import io
import re
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest
from PIL import Image

import captioner
from captioner.pipeline import Captioner


def caption(client, photo, **fields):
    return client.post("/caption", files={"photo": (photo.name, photo.read_bytes())}, data=fields)


def refused(answer, status: int) -> str:
    """The message of an answer that says no; it tells nothing of the machine."""
    assert answer.status_code == status, answer.text
    assert not re.search(r"/(tmp|home|root|usr|work)\b|Traceback", answer.text)
    return answer.json()["error"]["message"]


@pytest.fixture
def photo_json(photos):
    return {"photo": base64.b64encode(photos[0].read_bytes()).decode()}


def test_a_photo_is_captioned_as_python_does_by_form_and_by_json(
    client, model_folder, photos, photo_json
):
    options = {"num_captions": 2, "beam_size": 3, "max_length": 4}
    result = captioner.load(model_folder, device="cpu").caption(photos[0], **options)
    for answer in (
        caption(client, photos[0], attention="true", **options),
        client.post("/caption", json={**photo_json, **options, "attention": True}),
    ):
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert [one["caption"] for one in told["candidates"]] == [
            one.text for one in result.candidates
        ]
        assert (told["caption"], told["model"]) == (result.text, "model")
        assert told["log_prob"] == pytest.approx(result.log_prob, abs=1e-4)
        assert told["confidence"] == pytest.approx(result.candidates[0].confidence, abs=1e-4)
        assert [word["word"] for word in told["words"]] == list(result.candidates[0].words)
        assert np.allclose(
            [word["attention"] for word in told["words"]], result.attention, atol=1e-4
        )


def test_attention_is_told_where_it_is_asked_for_alone(client, photo_json):
    assert client.post("/caption", json=photo_json).json()["words"] is None


def test_a_photo_may_be_a_data_address(client, photo_json):
    plain = client.post("/caption", json=photo_json)
    assert (
        client.post(
            "/caption", json={"photo": f"data:image/png;base64,{photo_json['photo']}"}
        ).json()
        == plain.json()
    )


def test_words_may_be_forbidden_by_a_form_that_repeats_them(client, photos):
    first = caption(client, photos[0], num_captions=2).json()
    banned = first["caption"].split()[:2]
    assert len(banned) == 2
    other = caption(client, photos[0], banned_words=banned).json()["caption"]
    assert other and not set(banned) & set(other.split())


def test_drawn_words_depend_on_the_seed_and_not_on_who_asks_meanwhile(client, photos):
    def draw(photo):
        return caption(client, photo, sample=True, seed=7).json()["caption"]

    alone = [draw(photo) for photo in photos]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(draw, photos)) == alone


def test_a_text_is_translated_as_python_does_by_form_and_by_json(client, sentence_model_folder):
    text = "two dogs play. snow."
    result = captioner.load(sentence_model_folder, device="cpu").translate(text, num_captions=2)
    asked = {"text": text, "num_captions": 2, "attention": True}
    for answer in (client.post("/translate", json=asked), client.post("/translate", data=asked)):
        told = answer.json()
        assert answer.status_code == 200, told
        assert (told["source"], told["text"], told["model"]) == (text, result.text, "en-de")
        assert [one["text"] for one in told["candidates"]] == [
            one.text for one in result.candidates
        ]
        assert [one["source"] for one in told["sentences"]] == ["two dogs play.", "snow."]
        assert told["doubtful"] == result.is_doubtful
        assert [word["word"] for word in told["words"]] == list(result.candidates[0].words)


def test_requests_that_come_together_go_through_the_model_together(client, photos, monkeypatch):
    alone = [caption(client, photo).json() for photo in photos]
    sizes, begun, rest_is_there, run = [], Event(), Event(), Captioner.caption_images

    def noted(self, images, search):
        sizes.append(len(images))
        begun.set()
        assert rest_is_there.wait(20)
        return run(self, images, search)

    monkeypatch.setattr(Captioner, "caption_images", noted)
    with ThreadPoolExecutor(len(photos)) as pool:
        first = pool.submit(caption, client, photos[0])
        assert begun.wait(20)
        others = [pool.submit(caption, client, photo) for photo in photos[1:]]
        wait_for_requests(client, len(photos))
        rest_is_there.set()
        together = [future.result().json() for future in (first, *others)]
    assert [one["caption"] for one in together] == [one["caption"] for one in alone]
    assert sizes[0] == 1 and sum(sizes) == len(photos) and max(sizes) > 1


def wait_for_requests(client, count: int) -> None:
    """Wait until so many requests are in the server, beside the one that asks."""
    until = time.monotonic() + 20
    while value_of(client, "captioner_requests_in_progress") < count + 1:
        assert time.monotonic() < until
        time.sleep(0.01)


def value_of(client, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", client.get("/metrics").text, re.MULTILINE)
    return float(found[1])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "'photo' is missing"),
        ({"photo": "no base64!"}, "neither a file nor base64"),
        ({"photo": 5}, "neither a file nor base64"),
        ({"photo": "aGVsbG8="}, "not a photo that can be read"),
        ({"photo": ""}, "the file is empty"),
        ({"photo": "/9j/4AAQSkZJRg=="}, "a broken JPEG"),
    ],
)
def test_a_photo_that_cannot_be_read_is_told(client, fields, words):
    assert words in refused(client.post("/caption", json=fields), 400)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"beam_size": 1000}, "beam_size is 1000; this server allows at most 10"),
        ({"beam_size": "1e3"}, "this server allows at most 10"),
        ({"beam_size": 10**400}, "this server allows at most 10"),
        ({"num_captions": "many"}, "num_captions: Input should be a valid integer"),
        ({"max_length": 0}, "max_length"),
        ({"temperature": 0}, "temperature"),
        ({"sample": "perhaps"}, "sample"),
        ({"beams": 3}, "there is no option 'beams'"),
        ({"required_words": ["qwertz"]}, "qwertz"),
        ({"attention": "perhaps"}, "attention must be true or false"),
        ({"model": "../../etc"}, "there is no model '../../etc'"),
        ({"model": "en-de"}, "there is no model 'en-de' for it here: choose from model"),
        ({"model": 3}, "model must be a name"),
        ({"concepts": 2}, "concepts"),
    ],
)
def test_a_request_that_makes_no_sense_is_told_why(client, photo_json, fields, words):
    assert words in refused(client.post("/caption", json={**photo_json, **fields}), 400)


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"{", "application/json", "no JSON"),
        (b"\xff", "application/json", "no JSON"),
        (b"[" * 100_000, "application/json", "no JSON"),
        (b"[1]", "application/json", "must be a JSON object"),
        (b"a", "text/plain", "Content-Type text/plain"),
        (b"a", "", "Content-Type is missing"),
        (b"a", "multipart/form-data", "boundary"),
        (b"text=a&text=b", "application/x-www-form-urlencoded", "text is given 2 times"),
    ],
)
def test_a_body_that_is_none_is_told(client, content, kind, words):
    headers = {"Content-Type": kind} if kind else {}
    assert words in refused(client.post("/translate", content=content, headers=headers), 400)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"target": "tlh"}, "does not translate to tlh"),
        ({"source": "tlh"}, "does not translate from tlh"),
        ({"target": 3}, "target must be a name"),
    ],
)
def test_languages_that_the_model_does_not_know_are_told(client, fields, words):
    assert words in refused(client.post("/translate", json={"text": "two dogs", **fields}), 400)


@pytest.mark.parametrize("text", ["", "  ", 5, None, ["a"]])
def test_only_a_text_is_translated(client, text):
    assert "text must be a text" in refused(client.post("/translate", json={"text": text}), 400)


def test_a_text_that_is_too_long_is_refused(client):
    assert "at most 80" in refused(client.post("/translate", json={"text": "a " * 41}), 400)


def test_a_broken_photo_is_called_by_its_own_name(client):
    answer = client.post("/caption", files={"photo": ("a & b's.jpg", b"only text")})
    assert refused(answer, 400).startswith("a & b's.jpg: not a photo")
    assert answer.json()["error"]["type"] == "UnsupportedFileError"


def test_a_photo_of_too_many_pixels_or_bytes_is_too_large(client):
    large = io.BytesIO()
    Image.new("1", (500, 400)).save(large, "PNG")
    assert "500 x 400" in refused(
        client.post("/caption", files={"photo": ("a.png", large.getvalue())}), 413
    )
    assert "0 MB" in refused(
        client.post("/caption", files={"photo": ("a.png", b"x" * 900_000)}), 413
    )

    def chunks():  # of a size that is not told
        for _ in range(9):
            yield b"x" * 100_000

    answer = client.post("/caption", content=chunks(), headers={"Content-Type": "application/json"})
    assert "MB" in refused(answer, 413)


def test_an_error_of_the_model_tells_nothing_of_it(client, photo_json, monkeypatch):
    def fails(self, images, search):
        raise RuntimeError("/home/secret")

    monkeypatch.setattr(Captioner, "caption_images", fails)
    answer = client.post("/caption", json=photo_json)
    assert answer.json()["error"] == {
        "type": "InternalError",
        "message": "something went wrong in the server, which has noted it in its log",
    }
    assert answer.status_code == 500
    monkeypatch.undo()
    assert client.post("/caption", json=photo_json).status_code == 200


def test_who_finds_the_server_full_is_told_when_to_come_again(
    client, photos, photo_json, monkeypatch
):
    go_on, run = Event(), Captioner.caption_images

    def waits(self, images, search):
        assert go_on.wait(20)
        return run(self, images, search)

    monkeypatch.setattr(Captioner, "caption_images", waits)
    with ThreadPoolExecutor(8) as pool:
        inside = [pool.submit(caption, client, photo) for photo in photos]
        wait_for_requests(client, len(photos))
        full = client.post("/caption", json=photo_json)
        assert client.get("/healthz").status_code == 200
        go_on.set()
        assert [future.result().status_code for future in inside] == [200] * 8
    assert "ask again" in refused(full, 503)
    assert full.headers["Retry-After"] == "1"
    assert client.post("/caption", json=photo_json).status_code == 200


def test_metrics_count_answers_and_batches(client, photo_json):
    client.post("/caption", json=photo_json)
    client.post("/caption", json={})
    client.get("/secret")
    told = client.get("/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    assert value_of(client, 'captioner_requests_total{path="/caption",status="200"}') == 1
    assert value_of(client, 'captioner_requests_total{path="/caption",status="400"}') == 1
    assert value_of(client, 'captioner_requests_total{path="other",status="404"}') == 1
    assert value_of(client, "captioner_batch_items_count") == 1
    assert value_of(client, "process_cpu_seconds_total") > 0
    assert value_of(client, "captioner_requests_in_progress") == 1


def test_models_and_health_are_told(client):
    assert client.get("/models").json() == [
        {"name": "model", "kind": "image"},
        {"name": "en-de", "kind": "text"},
    ]
    assert client.get("/healthz").json() == {"status": "ok", "version": captioner.__version__}


def test_unknown_paths_and_methods_are_told_alike(client):
    assert refused(client.get("/nothing"), 404) == "Not Found"
    assert refused(client.get("/caption"), 405) == "Method Not Allowed"


def test_what_no_model_here_does_is_told(serving, sentence_model_folder, photo_json):
    client = serving([sentence_model_folder])
    assert "no model here captions photos" in refused(client.post("/caption", json=photo_json), 400)


def test_with_a_password_only_the_health_is_told_without_it(serving, photo_json):
    client = serving(password="geheim ü")
    right = {"Authorization": "Bearer geheim ü".encode()}
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        for answer in (
            client.post("/caption", json=photo_json, headers=headers),
            client.get("/metrics"),
        ):
            assert "password" in refused(answer, 401)
    assert client.get("/healthz").status_code == 200
    assert client.post("/caption", json=photo_json, headers=right).status_code == 200


def test_the_page_describes_bodies_and_loads_nothing_from_elsewhere(client):
    assert "//" not in re.sub(
        r"(?m)^\s*//.*$", "", client.get("/docs").text.replace("http://testserver", "")
    )
    described = client.get("/openapi.json").json()
    assert set(described["paths"]) == {"/caption", "/translate", "/models", "/healthz", "/metrics"}
    content = described["paths"]["/caption"]["post"]["requestBody"]["content"]
    for kind in ("multipart/form-data", "application/json"):
        properties = content[kind]["schema"]["properties"]
        assert {"photo", "model", "attention", "beam_size", "required_words"} <= set(properties)
        assert "Beams kept" in properties["beam_size"]["description"]
        assert "default" not in properties["beam_size"]
    assert content["multipart/form-data"]["schema"]["properties"]["photo"]["format"] == "binary"
