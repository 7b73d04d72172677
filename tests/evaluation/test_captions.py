"""Measuring is captioning each photo once and scoring it against all references."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from captioner.config import SearchConfig
from captioner.errors import DataError, UsageError
from captioner.evaluation import captions
from captioner.evaluation.captions import coco_results, evaluate, measure, read_examples
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

    original = captions.caption_batches
    monkeypatch.setattr(captions, "caption_batches", counted)
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


def test_an_interrupted_run_goes_on_where_it_was(model_folder, caption_set, tmp_path, monkeypatch):
    examples = read_examples(Path(caption_set["images"]), Path(caption_set["captions"]), None)
    captioner, output = load(model_folder, device="cpu"), tmp_path / "results.json"
    run = captioner, examples, captioner.options(), 2, output
    at_once = measure(*run, resume=False)
    results = output.read_bytes()
    output.unlink()
    seen = []
    original = captions.caption_batches

    def interrupted(captioner, files, *arguments):
        for batch in original(captioner, files, *arguments):
            seen.extend(done.record.file for done in batch)
            yield batch
            if len(seen) == 4:
                raise KeyboardInterrupt

    monkeypatch.setattr(captions, "caption_batches", interrupted)
    with pytest.raises(KeyboardInterrupt):
        measure(*run, resume=False)
    assert not output.exists()
    with pytest.raises(UsageError, match="continue it with --resume"):
        measure(*run, resume=False)
    assert measure(*run, resume=True).scores == at_once.scores
    assert output.read_bytes() == results
    # The last batch that was written may have been cut off, and is captioned again.
    assert len(seen) == len(examples) + 2 and len(set(seen)) == len(examples)
    assert not list(tmp_path.glob("*.unfinished"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (None, "add --output"),
        ("-", "add --output"),
        ("done.json", "finished"),
        ("results.csv", r"\.json"),
    ],
)
def test_nothing_to_resume_is_said(tmp_path, name, message):
    (tmp_path / "done.json").write_text("[]", encoding="utf-8")
    output = name and (tmp_path / name if name != "-" else Path(name))
    captioner = SimpleNamespace(name="a model")
    with pytest.raises(UsageError, match=message):
        measure(captioner, [], SearchConfig(), 1, output, resume=True)
    assert [path.name for path in tmp_path.iterdir()] == ["done.json"]
