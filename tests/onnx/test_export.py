"""A folder that runs as it is, with a card of what was measured; or no folder at all."""

import pytest

from captioner.data.examples import CaptionExample
from captioner.errors import ModelError, OutputError, UsageError
from captioner.export import export
from captioner.pipeline import load


@pytest.fixture
def examples(photos) -> list[CaptionExample]:
    captions = ("a red photo bright on the left", "a green picture")
    return [CaptionExample(photo, captions, number) for number, photo in enumerate(photos)]


@pytest.mark.slow
@pytest.mark.parametrize("to", ["onnx", "onnx-int8"])
def test_an_export_captions_and_says_what_was_measured(
    exported, photos, examples, tmp_path, to, monkeypatch
):
    monkeypatch.setattr(
        "captioner.export.export_onnx", lambda model, folder: _copy(exported[1], folder)
    )
    output = tmp_path / "new" / "graphs"
    measured = export(str(exported[0]), to, output, photos, examples)
    assert [one.name for one in measured] == ["torch", "onnx", "onnx-int8"][: len(measured)]
    assert measured[-1].name == to and all(one.rate > 0 for one in measured)
    assert measured[1].captions == measured[0].captions
    card = (output / "README.md").read_text()
    assert ("--output DIR --calibration PHOTOS" in card) == (to == "onnx-int8")
    assert (
        f"| {to} | {measured[-1].scores['CIDEr']:.2f} |" in card and measured[-1].signature in card
    )
    captions = load(output, "cpu", "onnx").caption([example.image for example in examples])
    assert [one.text for one in captions] == list(measured[-1].captions.values())
    assert {path.suffix for path in output.iterdir()} == {".onnx", ".json", ".md"}
    assert [path.name for path in output.parent.iterdir()] == ["graphs"]


@pytest.mark.slow
def test_an_int8_encoder_is_smaller_and_nearly_the_same(exported, photos, tmp_path):
    from captioner.onnx.int8 import quantize

    quantize(exported[1], photos, tmp_path)
    float32, int8 = (load(folder, "cpu", "onnx") for folder in (exported[1], tmp_path))
    assert (tmp_path / "encoder.onnx").stat().st_size < (
        exported[1] / "encoder.onnx"
    ).stat().st_size
    expected, result = (model.caption(photos[0]).log_prob for model in (float32, int8))
    assert result != expected and result == pytest.approx(expected, rel=0.2)


def _copy(source, folder):
    folder.mkdir()
    for file in source.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())


def test_nothing_is_begun_that_cannot_end(model_folder, tmp_path):
    with pytest.raises(UsageError, match="there already"):
        export(str(model_folder), "onnx", tmp_path)
    with pytest.raises(UsageError, match="calibrate"):
        export(str(model_folder), "onnx-int8", tmp_path / "new")
    with pytest.raises(ModelError):
        export("nonesuch", "onnx", tmp_path / "new")


def test_a_failed_export_leaves_nothing(model_folder, tmp_path, monkeypatch):
    def full(_, folder):
        folder.mkdir()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("captioner.export.export_onnx", full)
    with pytest.raises(OutputError, match="No space left"):
        export(str(model_folder), "onnx", tmp_path / "new" / "graphs")
    assert not list((tmp_path / "new").iterdir())


def test_photos_to_measure_with_need_references(tmp_path):
    from captioner.commands.export import export as command

    with pytest.raises(UsageError, match="belong together"):
        command("everyday", tmp_path / "new", images=tmp_path)
