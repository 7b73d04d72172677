"""The card says what was trained on what, and the settings train again."""

import json

import pytest
from huggingface_hub import ModelCard

from captioner.config import CONFIGS, load_config
from captioner.metrics import score
from captioner.training.model_card import write_model_card, write_training_config

REPORT = score({1: "a red photo", 2: "a dog"}, {1: ["a red photo"], 2: ["a dog runs"]})
PATHS = ["data.images=/home/me/photos", "data.captions=/home/me/mine.csv", "training.output=/home/me/runs/mine"]


def test_model_of_own_photos_claims_no_other_data(tmp_path):
    write_model_card(tmp_path, load_config(CONFIGS / "flickr8k.toml", PATHS), REPORT, [{}])
    card = (tmp_path / "README.md").read_text()
    assert "flickr" not in card.lower()
    assert "| Training data | mine.csv; 1 epochs |" in card
    assert ModelCard(card).data.license_name == "not stated"


def test_name_and_terms_come_from_the_config(tmp_path):
    config = load_config(CONFIGS / "flickr8k.toml", [*PATHS, "data.name=My photos", "data.license=CC0"])
    write_model_card(tmp_path, config, REPORT, [{}])
    card = (tmp_path / "README.md").read_text()
    assert "| Training data | My photos; 1 epochs |" in card
    assert ModelCard(card).data.license_name == "CC0"


@pytest.mark.parametrize("more", [[], ["data.val_split=/home/me/val.txt", "data.cache=/tmp/cache"]])
def test_settings_beside_the_card_are_all_but_the_machines_paths(tmp_path, more):
    config = load_config(CONFIGS / "flickr8k.toml", [*PATHS, *more, "training.epochs=3"])
    write_training_config(tmp_path, config)
    write_model_card(tmp_path, config, REPORT, [{}])
    assert "/home" not in (tmp_path / "training_config.json").read_text() + (tmp_path / "README.md").read_text()
    again = load_config(tmp_path / "training_config.json", [*PATHS, *more])
    assert again == config
    assert again.training.epochs == 3
    assert json.loads((tmp_path / "training_config.json").read_text())["training"]["output"] == "mine"
    command = "captioner train training_config.json data.images=DIR data.captions=FILE" + (
        " data.val_split=FILE`" if more else "`"
    )
    assert command in (tmp_path / "README.md").read_text()
