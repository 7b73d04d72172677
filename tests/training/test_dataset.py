from pathlib import Path

import pytest

from captioner.config import DataConfig
from captioner.errors import ConfigError, EmptyDataError, MissingImageError
from captioner.training.dataset import read_dataset


def test_splits_are_those_listed(caption_set, photos):
    data = read_dataset(DataConfig.model_validate(caption_set))
    assert [example.image for example in data.train] == photos[:6]
    assert [example.image for example in data.val] == photos[6:]
    assert [len(example.captions) for example in data.train] == [2, 3, 2, 3, 2, 3]


def test_splits_that_the_captions_carry_need_no_list(tmp_path, photos):
    rows = [f'{{"file_name": "{photo.name}", "text": "a photo"}}' for photo in photos]
    (tmp_path / "metadata.jsonl").write_text("\n".join(rows))
    config = DataConfig(images=str(photos[0].parent), captions=str(tmp_path / "metadata.jsonl"))
    with pytest.raises(EmptyDataError, match="val"):
        read_dataset(config)


def test_missing_photo_of_validation_is_named(caption_set, tmp_path):
    captions = Path(caption_set["captions"]).read_text().replace("photo07.png", "gone.png")
    (tmp_path / "captions.csv").write_text(captions)
    (tmp_path / "val.txt").write_text("photo06.png\ngone.png\n")
    fields = caption_set | {"captions": str(tmp_path / "captions.csv"), "val_split": str(tmp_path / "val.txt")}
    with pytest.raises(MissingImageError, match=r"1 of 8 photos are not there.*gone\.png"):
        read_dataset(DataConfig.model_validate(fields))


@pytest.mark.parametrize("name", ["captions", "images"])
def test_what_is_not_given_is_named(caption_set, name):
    with pytest.raises(ConfigError, match=f"data.{name} is empty"):
        read_dataset(DataConfig.model_validate(caption_set | {name: ""}))
