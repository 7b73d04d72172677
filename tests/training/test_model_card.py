"""The card says what was trained on what, and the settings train again."""

import json

import pytest
from huggingface_hub import ModelCard

from captioner.config import CONFIGS, load_config
from captioner.metrics import score
from captioner.metrics.translation import TranslationScorer
from captioner.training.model_card import write_model_card, write_training_config
from captioner.training.photo_task import PhotoTask
from captioner.training.sentence_task import SentenceTask

REPORT = score({1: "a red photo", 2: "a dog"}, {1: ["a red photo"], 2: ["a dog runs"]})
PATHS = [
    "data.images=/home/me/photos",
    "data.captions=/home/me/mine.csv",
    "training.output=/home/me/runs/mine",
]
FILES = ["data.source=/home/me/a.en", "data.target=/home/me/a.de", "data.val_source=/home/me/b.tsv"]


def write_card(folder, config) -> str:
    """Write the card as the trainer does, but read no data."""
    task = object.__new__(PhotoTask if hasattr(config, "image") else SentenceTask)
    task.config, task.languages = config, []
    write_model_card(folder, config, task.card(), REPORT, [{}], ("BLEU-4", "CIDEr"))
    return (folder / "README.md").read_text()


def test_model_of_own_photos_claims_no_other_data(tmp_path):
    card = write_card(tmp_path, load_config(CONFIGS / "coco.toml", PATHS))
    assert "flickr" not in card.lower()
    assert "| Training data | mine.csv; 1 epochs |" in card
    assert ModelCard(card).data.license_name == "not stated"


def test_name_and_terms_come_from_the_config(tmp_path):
    config = load_config(CONFIGS / "coco.toml", [*PATHS, "data.name=My photos", "data.license=CC0"])
    card = write_card(tmp_path, config)
    assert "| Training data | My photos; 1 epochs |" in card
    assert ModelCard(card).data.license_name == "CC0"


@pytest.mark.parametrize("more", [[], ["data.val_split=/home/me/val.txt", "data.cache=/tmp/cache"]])
def test_settings_beside_the_card_are_all_but_the_machines_paths(tmp_path, more):
    config = load_config(CONFIGS / "coco.toml", [*PATHS, *more, "training.epochs=3"])
    write_training_config(tmp_path, config)
    card = write_card(tmp_path, config)
    assert "/home" not in (tmp_path / "training_config.json").read_text() + card
    again = load_config(tmp_path / "training_config.json", [*PATHS, *more])
    assert again == config
    assert again.training.epochs == 3
    assert (
        json.loads((tmp_path / "training_config.json").read_text())["training"]["output"] == "mine"
    )
    command = "captioner train training_config.json data.images=DIR data.captions=FILE" + (
        " data.val_split=FILE`" if more else "`"
    )
    assert command in card


def test_a_stage_names_the_run_it_began_with_and_asks_for_its_model(tmp_path):
    config = load_config(
        CONFIGS / "coco.toml", [*PATHS, "training.initial_model=/home/me/runs/first/best"]
    )
    write_training_config(tmp_path, config)
    assert (
        json.loads((tmp_path / "training_config.json").read_text())["training"]["initial_model"]
        == "first/best"
    )
    assert "data.captions=FILE training.initial_model=MODEL`" in write_card(tmp_path, config)


def test_a_model_of_sentences_tells_languages_scores_and_how_to_train_it(tmp_path):
    config = load_config(
        CONFIGS / "multi30k-en-de.toml", [*FILES, "training.output=/home/me/runs/mine"]
    )
    write_training_config(tmp_path, config)
    task = object.__new__(SentenceTask)
    task.config = config
    references = {1: ["Zwei Hunde rennen ."], 2: ["Ein Mann ."]}
    report = TranslationScorer(references).score({1: "Zwei Hunde rennen .", 2: "Mann"})
    write_model_card(tmp_path, config, task.card(), report, [{}, {}], ("BLEU", "chrF"))
    card = (tmp_path / "README.md").read_text()
    header = ModelCard(card).data
    assert (header.language, header.pipeline_tag, header.library_name) == (
        ["en", "de"],
        "translation",
        "captioner",
    )
    assert [result.metric_name for result in header.eval_results] == ["BLEU", "chrF"]
    assert header.eval_results[0].metric_value == round(report.scores["BLEU"], 2)
    assert (
        "captioner train training_config.json data.source=FILE data.target=FILE"
        " data.val_source=FILE`" in card
    )
    assert "(en to de)" in card and "2 sentences" in card and report.signature in card
    assert "photo" not in card.lower()
    assert "/home" not in (tmp_path / "training_config.json").read_text() + card
    assert load_config(tmp_path / "training_config.json", FILES) == load_config(
        CONFIGS / "multi30k-en-de.toml", [*FILES, "training.output=mine"]
    )
