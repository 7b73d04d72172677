"""A name is a model that ships, a folder or a hub's; what looks like a path is never asked of a
hub.
"""

from pathlib import Path

import pytest

from captioner.errors import ModelError
from captioner.pretrained.registry import (
    MODELS,
    find_model,
    find_translator,
    is_hub_name,
    model_kind,
)

PATHS = [
    "runs/mine",
    "runs/mine/best",
    "mine/best",
    "mine/checkpoint-3",
    "there/mine",
    "./mine",
    "../runs/mine",
    "/runs/mine",
    "~/mine",
    "runs/mine/",
    "my runs/mine",
    "läufe/mine",
    ".hidden/mine",
    "owner//name",
    r"runs\mine",
]


@pytest.mark.parametrize("model", PATHS)
def test_what_looks_like_a_path_is_a_path(tmp_path, monkeypatch, model):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    Path("there").mkdir()
    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda *_: pytest.fail("a hub is asked"))
    assert not is_hub_name(model)
    with pytest.raises(ModelError, match=r"there is no model"):
        find_model(model)
    assert model_kind(model) == "image"


@pytest.mark.parametrize(
    "model", ["owner/name", "Salesforce/blip-image-captioning-base", "a.b/c_d-1.0", "x/runs"]
)
def test_what_a_hub_would_know_is_a_hubs_name(tmp_path, monkeypatch, model):
    monkeypatch.chdir(tmp_path)
    assert is_hub_name(model) and find_model(model) == model


def test_folders_are_found_from_home_and_beside_a_run(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    best = tmp_path / "run" / "best"
    best.mkdir(parents=True)
    (best / "config.json").write_text("{}")
    assert find_model("~/run/best") == best
    with pytest.raises(ModelError, match=r"~/run is no model: .*did you mean ~/run/best\?"):
        find_model("~/run")
    assert find_model("everyday") == MODELS / "everyday"


@pytest.mark.parametrize(
    ("model", "told"), [("", "no model is named"), ("x" * 5000, "there is no model 'x")]
)
def test_a_name_that_can_be_of_no_file_is_named(model, told):
    with pytest.raises(ModelError, match=told):
        find_model(model)


def test_a_model_that_ships_no_longer_is_told_what_took_its_place():
    with pytest.raises(ModelError, match="'flickr8k' ships no longer: 'everyday' took its place"):
        find_model("flickr8k")


@pytest.mark.parametrize(
    ("target", "source", "model"),
    [
        (None, None, "en-de-fr"),
        ("de", None, "en-de-fr"),
        ("fr", "de", "en-de-fr"),
        ("en", "fr", "en-de-fr"),
    ],
)
def test_a_translator_is_found_by_its_languages(target, source, model):
    assert find_translator(target, source) == model


@pytest.mark.parametrize(
    ("target", "source"), [("it", None), ("de", "de"), ("", None), ("DE", None)]
)
def test_languages_that_no_model_knows_are_named_with_those_there_are(target, source):
    with pytest.raises(ModelError, match="there are de to en, de to fr, en to de"):
        find_translator(target, source)
