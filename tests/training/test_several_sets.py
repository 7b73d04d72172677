"""Several sets of photos, and texts without photos, in one run."""

import json
from pathlib import Path

import pytest
import torch

from captioner.config import CONFIGS, PhotoDataConfig, load_config
from captioner.errors import ConfigError, DataError, EmptyDataError
from captioner.model.captioner_model import CaptionerModel
from captioner.training.checkpoints import differences, fixed_settings
from captioner.training.dataset import read_dataset
from captioner.training.trainer import Trainer, train

pytestmark = pytest.mark.usefixtures("few_photos")

TEXTS = [
    "a red photo with a bright side",
    "7\tThe plain picture is green",
    "",
    "a blue picture of nothing",
]


@pytest.fixture
def make_config(tiny_config, caption_set, tmp_path):
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    places = {
        key: value for key, value in caption_set.items() if key not in ("name", "min_word_count")
    }
    first = Path(places["train_split"]).read_text(encoding="utf-8").split("\n")
    (tmp_path / "first.txt").write_text("\n".join(first[:4]), encoding="utf-8")
    (tmp_path / "second.txt").write_text("\n".join(first[4:]), encoding="utf-8")
    (tmp_path / "third.txt").write_text("photo07.png", encoding="utf-8")
    (tmp_path / "fourth.txt").write_text("photo06.png", encoding="utf-8")
    lists = {
        number: str(tmp_path / f"{number}.txt") for number in ("first", "second", "third", "fourth")
    }

    def make(**changes: dict[str, object]):
        data = {
            "train_split": lists["first"],
            "val_split": lists["third"],
            "texts": [str(tmp_path / "texts.txt")],
            "sets": {
                "other": places
                | {"train_split": lists["second"], "val_split": lists["fourth"], "weight": 2.0}
            },
        }
        sections = {"data": data, "encoder": {"concepts": 3}, **changes}
        return tiny_config(
            **{name: {**sections.get(name, {}), **changes.get(name, {})} for name in sections}
        )

    return make


def test_numbers_and_tabs_before_texts_are_left_out_and_empty_lines_too(make_config):
    data = read_dataset(make_config().data)
    assert data.texts == [TEXTS[0], "The plain picture is green", TEXTS[3]]
    assert [(one.name, len(one.train), len(one.val), one.weight) for one in data.sets] == [
        ("", 4, 1, 1.0),
        ("other", 2, 1, 2.0),
    ]


def test_a_set_without_validation_photos_only_trains(make_config):
    config = make_config()
    other = config.data.sets["other"].model_copy(update={"val_split": ""})
    data = read_dataset(config.data.model_copy(update={"sets": {"other": other}}))
    assert [len(one.val) for one in data.sets] == [1, 0]


def test_a_file_without_texts_is_named(make_config, tmp_path):
    (tmp_path / "texts.txt").write_text("\n\n", encoding="utf-8")
    with pytest.raises(EmptyDataError, match=r"texts\.txt: it holds no texts"):
        read_dataset(make_config().data)


def test_what_a_set_lacks_is_named(make_config):
    config = make_config()
    other = config.data.sets["other"].model_copy(update={"captions": "", "images": ""})
    with pytest.raises(ConfigError, match=r"data\.sets\.other\.captions is empty"):
        read_dataset(config.data.model_copy(update={"sets": {"other": other}}))


@pytest.mark.parametrize(
    "changes", [{"encoder": {"concepts": 0}}, {"self_critical": {"weight": 1.0}}]
)
def test_texts_where_they_cannot_be_learnt_are_refused(make_config, changes):
    with pytest.raises(ValueError, match=r"data\.texts"):
        make_config(**changes)


def test_a_run_learns_from_sets_and_texts_and_its_model_loads(make_config, tmp_path):
    best = train(make_config())
    history = [
        json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()
    ]
    for entry in history:
        assert entry["CIDEr"] == pytest.approx(
            (entry["CIDEr (first set)"] + entry["CIDEr (other)"]) / 2
        )
    model = CaptionerModel.from_pretrained(best)
    assert len(model.encoder.config.concept_words) > 1
    memory = model.encode(torch.randn(2, 3, 32, 64))
    assert memory.concepts.word_ids.shape == (2, 3)
    assert memory.keys.shape[1] == memory.layout.height * memory.layout.width + 3


def test_each_photo_of_a_set_is_shown_as_often_as_its_weight_says(make_config):
    trainer = Trainer(make_config(), resume=False)
    plan = trainer.task.plan(trainer.lengths, epoch=1)
    shown = [number for batch in plan.batches for number in batch]
    assert [shown.count(number) for number in range(6)] == [1, 1, 1, 1, 2, 2]
    kinds = [{number >= 6 for number in batch} for batch in plan.batches]
    assert kinds.count({True}) == kinds.count({False}) == 2


def test_texts_bring_concepts_and_no_photo(make_config):
    trainer = Trainer(make_config(), resume=False)
    inputs = trainer.task.train.load([6, 8], [0, 0], seed=3)
    assert inputs.features is None
    assert inputs.probabilities.shape == (2, len(trainer.config.encoder.concept_words))
    seen = [trainer.task.train.load([0, 5], [1, 0], seed).features for seed in range(40)]
    assert 0 < sum(features is None for features in seen) < 20


def test_a_run_goes_on_from_a_model_with_its_words_and_detector(make_config, tmp_path):
    best = train(make_config())
    first = CaptionerModel.from_pretrained(best)
    more = {
        "training": {
            "initial_model": str(best),
            "output": str(tmp_path / "more"),
            "learning_rate": 1e-9,
        }
    }
    second = CaptionerModel.from_pretrained(train(make_config(**more)))
    assert first.encoder.config.concept_words == second.encoder.config.concept_words
    torch.testing.assert_close(
        first.encoder.detector.state_dict(), second.encoder.detector.state_dict()
    )


def test_a_card_and_its_settings_name_sets_and_texts_without_folders(make_config):
    best = train(make_config(training={"epochs": 1}))
    card = (best / "README.md").read_text(encoding="utf-8")
    assert "data.texts=FILES" in card and "data.sets.other.images=DIR" in card
    rows = [
        line.split(" | ")[0]
        for line in card.splitlines()
        if line.startswith(("| mean", "| first", "| other"))
    ]
    assert rows == ["| mean", "| first set", "| other"]
    data = json.loads((best / "training_config.json").read_text(encoding="utf-8"))["data"]
    assert data["texts"] == ["texts.txt"]
    assert data["sets"]["other"]["captions"] == "captions.csv"


def test_a_run_goes_on_where_its_sets_have_moved_but_not_with_other_weights(make_config):
    first = make_config()
    other = first.data.sets["other"]
    moved, heavier = (
        first.model_copy(update={"data": first.data.model_copy(update={"sets": {"other": one}})})
        for one in (
            other.model_copy(update={"images": "/elsewhere"}),
            other.model_copy(update={"weight": 3.0}),
        )
    )
    assert differences(fixed_settings(first), fixed_settings(moved)) == []
    assert "data.sets" in differences(fixed_settings(first), fixed_settings(heavier))[0]


def test_home_is_meant_in_paths_of_sets_and_texts(make_config, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    data = PhotoDataConfig(texts=["~/a.txt"], sets={"one": {"images": "~/b"}})
    assert (data.texts, data.sets["one"].images) == (("/home/me/a.txt",), "/home/me/b")


def test_a_set_is_named_on_the_command_line(tmp_path):
    config = load_config(
        CONFIGS / "coco.toml", ["data.sets.mine.images=2024", "data.sets.mine.weight=2"]
    )
    assert (config.data.sets["mine"].images, config.data.sets["mine"].weight) == ("2024", 2.0)
    with pytest.raises(ConfigError, match=r"data\.sets must be a table"):
        load_config(CONFIGS / "coco.toml", ["data.sets=3", "data.sets.mine.images=x"])


def test_a_copy_of_a_validation_photo_in_another_set_is_told(make_config, photos, tmp_path):
    folder = tmp_path / "copies"
    folder.mkdir()
    (folder / "renamed.png").write_bytes(photos[7].read_bytes())
    (folder / "captions.csv").write_text("image,caption\nrenamed.png,a photo\n", encoding="utf-8")
    config = make_config().data
    copies = config.sets["other"].model_copy(
        update={
            "images": str(folder),
            "captions": str(folder / "captions.csv"),
            "train_split": "",
            "val_split": "",
        }
    )
    with pytest.raises(
        DataError, match=r"1 of 2 validation photos are trained on as well: renamed\.png"
    ):
        read_dataset(config.model_copy(update={"sets": {**config.sets, "copies": copies}}))


def test_words_that_the_settings_name_are_those_detected(make_config):
    words = ["red", "bright", "photo", "green"]
    trainer = Trainer(make_config(encoder={"concepts": 3, "concept_words": words}), resume=False)
    assert trainer.config.encoder.concept_words == ("red", "bright", "photo", "green")
    assert trainer.task.train.load([0], [0], seed=3).probabilities.shape == (1, 4)
