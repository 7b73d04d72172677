"""Measuring is captioning each photo once and scoring it against all references."""

import json
from pathlib import Path

import pytest

from captioner.errors import DataError, UsageError
from captioner.evaluation import captions
from captioner.evaluation.captions import coco_results, evaluate, read_examples
from captioner.metrics import score
from captioner.pipeline import load


def test_scores_are_those_of_the_captions(model_folder, caption_set):
    examples = read_examples(
        Path(caption_set["images"]), Path(caption_set["captions"]), caption_set["val_split"]
    )
    captioner = load(model_folder, device="cpu")
    report, captions = evaluate(captioner, examples, captioner.options(), batch_size=2)
    assert report.num_items == len(examples) == 2
    assert captions == {
        example.image_id: captioner.caption(example.image).text for example in examples
    }
    assert (
        report.scores
        == score(captions, {example.image_id: example.captions for example in examples}).scores
    )


def test_each_photo_is_captioned_once(model_folder, caption_set, monkeypatch):
    examples = read_examples(Path(caption_set["images"]), Path(caption_set["captions"]), None)
    seen = []

    def counted(captioner, files, *arguments):
        seen.extend(files)
        return original(captioner, files, *arguments)

    original = captions.caption_files
    monkeypatch.setattr(captions, "caption_files", counted)
    captioner = load(model_folder, device="cpu")
    evaluate(captioner, examples, captioner.options(), batch_size=16)
    assert len(seen) == len(set(seen)) == len(examples) == 8


def test_the_split_that_captions_carry_is_test_unless_another_is_named(photos, tmp_path):
    images = [
        {"filename": photo.name, "split": split, "sentences": [{"raw": "a photo"}], "imgid": number}
        for number, (photo, split) in enumerate(
            zip(photos, ["train", "val", "test", "test"], strict=False)
        )
    ]
    references = tmp_path / "dataset_flickr8k.json"
    references.write_text(json.dumps({"dataset": "flickr8k", "images": images}), encoding="utf-8")
    names = {
        split: [e.image.name for e in read_examples(photos[0].parent, references, split)]
        for split in (None, "val")
    }
    assert names == {None: [photos[2].name, photos[3].name], "val": [photos[1].name]}


def test_a_photo_that_cannot_be_read_ends_it(model_folder, tmp_path):
    (tmp_path / "x.jpg").write_bytes(b"no photo")
    (tmp_path / "captions.csv").write_text("image,caption\nx.jpg,a photo\n", encoding="utf-8")
    examples = read_examples(tmp_path, tmp_path / "captions.csv", None)
    captioner = load(model_folder, device="cpu")
    with pytest.raises(DataError, match=r"x\.jpg"):
        evaluate(captioner, examples, captioner.options(), batch_size=1)


def test_coco_results_are_written(tmp_path):
    with coco_results(tmp_path / "results.json") as captions:
        captions.update({7: "a dog", "x.jpg": 'says "hi"'})
    rows = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert rows == [
        {"image_id": 7, "caption": "a dog"},
        {"image_id": "x.jpg", "caption": 'says "hi"'},
    ]
    for name, message in (("gone/results.json", "no folder"), ("results.csv", r"\.json")):
        with pytest.raises(UsageError, match=message), coco_results(tmp_path / name):
            pass
