"""Training and validation never share a photo, and what is missing is named."""

from pathlib import Path

import pytest

from captioner.config import PhotoDataConfig
from captioner.errors import ConfigError, DataError, EmptyDataError, MissingImageError
from captioner.training.dataset import read_dataset


def test_splits_are_those_listed(caption_set, photos):
    data = read_dataset(PhotoDataConfig.model_validate(caption_set))
    assert [example.image for example in data.train] == photos[:6]
    assert [example.image for example in data.val] == photos[6:]
    assert [len(example.captions) for example in data.train] == [2, 3, 2, 3, 2, 3]


def test_splits_that_the_captions_carry_need_no_list(tmp_path, photos):
    rows = [f'{{"file_name": "{photo.name}", "text": "a photo"}}' for photo in photos]
    (tmp_path / "metadata.jsonl").write_text("\n".join(rows))
    config = PhotoDataConfig(
        images=str(photos[0].parent), captions=str(tmp_path / "metadata.jsonl")
    )
    (tmp_path / "train.txt").write_text("photo00.png\n")
    with pytest.raises(EmptyDataError, match=r"set data\.val_split"):
        read_dataset(config.model_copy(update={"train_split": str(tmp_path / "train.txt")}))


def test_without_a_split_a_tenth_is_kept_and_copies_stay_on_one_side(tmp_path, photos, caplog):
    contents = [photo.read_bytes() for photo in photos]
    for number in range(
        21
    ):  # eight different photos, and what stands behind them is no part of a picture
        content = contents[number % 8] + (b"" if number < 16 else bytes([number]))
        (tmp_path / f"{number:02}.png").write_bytes(content)
        (tmp_path / f"{number:02}.txt").write_text(f"photo {number}\n")
    data = read_dataset(PhotoDataConfig(images=str(tmp_path)))
    assert len(data.train) + len(data.val) == 21
    trained = {example.image.read_bytes() for example in data.train}
    judged = {example.image.read_bytes() for example in data.val}
    assert (len(trained), len(judged)) == (11, 2)
    assert not trained & judged
    assert f"{len(data.val)} of 21 photos are kept for validation" in caplog.text
    for file in tmp_path.iterdir():
        file.rename(file.with_name(f"x{99 - int(file.stem)}{file.suffix}"))
    again = read_dataset(PhotoDataConfig(images=str(tmp_path)))
    assert {example.image.read_bytes() for example in again.val} == judged


def test_photos_that_are_all_alike_cannot_be_divided(tmp_path, photos):
    for name in ("a", "b"):
        (tmp_path / f"{name}.png").write_bytes(photos[0].read_bytes())
        (tmp_path / f"{name}.txt").write_text("a photo")
    with pytest.raises(EmptyDataError, match="one photo alone"):
        read_dataset(PhotoDataConfig(captions=str(tmp_path)))


def test_missing_photo_of_validation_is_named(caption_set, tmp_path):
    captions = Path(caption_set["captions"]).read_text().replace("photo07.png", "gone.png")
    (tmp_path / "captions.csv").write_text(captions)
    (tmp_path / "val.txt").write_text("photo06.png\ngone.png\n")
    fields = caption_set | {
        "captions": str(tmp_path / "captions.csv"),
        "val_split": str(tmp_path / "val.txt"),
    }
    with pytest.raises(MissingImageError, match=r"1 of 8 photos are not there.*gone\.png"):
        read_dataset(PhotoDataConfig.model_validate(fields))


def test_what_is_not_given_is_named(caption_set):
    with pytest.raises(ConfigError, match=r"data\.captions is empty"):
        read_dataset(PhotoDataConfig.model_validate(caption_set | {"captions": "", "images": ""}))


def test_validation_photos_are_not_trained_on(caption_set, photos):
    data = read_dataset(PhotoDataConfig.model_validate(caption_set | {"train_split": ""}))
    assert [example.image for example in data.train] == photos[:6]
    assert [example.image for example in data.val] == photos[6:]


def test_photos_in_both_lists_are_named(caption_set, tmp_path):
    (tmp_path / "train.txt").write_text("photo00.png\nphoto06.png\n")
    with pytest.raises(DataError, match=r"1 of 2 validation photos.*photo06\.png"):
        read_dataset(
            PhotoDataConfig.model_validate(
                caption_set | {"train_split": str(tmp_path / "train.txt")}
            )
        )


def test_nothing_left_to_train_on_is_named(caption_set, photos, tmp_path):
    (tmp_path / "val.txt").write_text("\n".join(photo.name for photo in photos))
    fields = caption_set | {"train_split": "", "val_split": str(tmp_path / "val.txt")}
    with pytest.raises(EmptyDataError, match=r"data\.val_split"):
        read_dataset(PhotoDataConfig.model_validate(fields))


def test_validation_photos_may_have_a_caption_file_of_their_own(photos, tmp_path):
    for name, part in (("train", photos[:5]), ("val", photos[5:])):
        rows = [f'{{"file_name": "{photo.name}", "text": "a {name} photo"}}' for photo in part]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows))
    (tmp_path / "list.txt").write_text(f"{photos[6].name}\n")
    files = {"captions": str(tmp_path / "train.jsonl"), "val_captions": str(tmp_path / "val.jsonl")}
    config = PhotoDataConfig(images=str(photos[0].parent), **files)
    data = read_dataset(config)
    assert [example.image for example in data.train] == photos[:5]
    assert [example.image for example in data.val] == photos[5:]
    assert data.val[0].captions == ("a val photo",)
    listed = read_dataset(config.model_copy(update={"val_split": str(tmp_path / "list.txt")}))
    assert [example.image for example in listed.val] == [photos[6]]
    with pytest.raises(
        DataError, match=r"5 of 5.*photo00\.png, photo01\.png, photo02\.png, \.\.\."
    ):
        read_dataset(config.model_copy(update={"val_captions": config.captions}))
