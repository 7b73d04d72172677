"""The graphs say what torch says, to rounding, for any number of photos and beams."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from captioner.errors import ModelError
from captioner.modules.memory import GridLayout, Memory
from captioner.onnx import runtimes
from captioner.onnx.model import OnnxModel
from captioner.pipeline import load
from captioner.pretrained.samples import sample_photos

pytestmark = pytest.mark.slow


@pytest.fixture(params=["onnx", "openvino"])
def runtime(request, monkeypatch) -> str:
    """What runs the graphs, in float32 on any CPU."""
    if request.param == "openvino":
        pytest.importorskip("openvino_telemetry")
        own = runtimes.import_openvino().Core()
        own.set_property("CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        only = SimpleNamespace(Core=lambda: own)
        monkeypatch.setattr(runtimes, "import_openvino", lambda: only)
    return request.param


@pytest.fixture
def both(exported, runtime):
    """The same model, run by torch and by its graphs."""
    model, graphs = exported
    return load(model, "cpu", "torch").model, OnnxModel(graphs, runtime)


def assert_close(found, expected):
    torch.testing.assert_close(torch.from_numpy(found), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_memory_is_the_same(both, batch):
    torch_model, onnx_model = both
    pixels = torch.randn(batch, 3, 32, 96).numpy()
    expected, memory = torch_model.encode(pixels), onnx_model.encode(pixels)
    assert memory.layout == expected.layout
    assert memory.mask.tolist() == expected.mask.tolist()
    assert_close(memory.values, expected.values)
    assert (memory.concepts is None) == (expected.concepts is None)
    if memory.concepts is not None:
        assert_close(memory.concepts.probabilities, expected.concepts.probabilities)
        assert memory.concepts.word_ids.tolist() == expected.concepts.word_ids.tolist()


@pytest.mark.parametrize(("batch", "rows", "source"), [(1, 1, 4), (3, 1, 3), (1, 5, 9), (4, 3, 1)])
def test_start_step_reorder_and_select_are_the_same_also_where_memory_is_padded(
    both, batch, rows, source
):
    torch_decoder, onnx_decoder = both[0].decoder, both[1].decoder
    keys, values = torch.randn(2, batch, source, 12)
    mask = torch.arange(source).expand(batch, -1) < torch.arange(1, batch + 1).unsqueeze(1)
    memory = Memory(keys, values, mask, GridLayout(1, source))
    own = Memory(keys.numpy(), values.numpy(), mask.numpy(), GridLayout(1, source))
    swap = torch.arange(batch * rows).reshape(batch, rows).flip(1).flatten()
    with torch.inference_mode():
        expected_state, state = torch_decoder.start(memory, rows), onnx_decoder.start(own, rows)
        for word in range(3):
            token_ids = torch.randint(
                4, 12, (batch * rows,), generator=torch.Generator().manual_seed(word)
            )
            expected, expected_state, expected_weights = torch_decoder.step(
                token_ids, expected_state, memory
            )
            logits, state, weights = onnx_decoder.step(token_ids.numpy(), state, own)
            assert_close(logits, expected)
            assert_close(weights, expected_weights)
            assert not weights[~own.mask.repeat(rows, 0)].any()
            state, expected_state = state.reorder(swap.numpy()), expected_state.reorder(swap)
        last = torch.tensor([batch - 1])
        expected, _, _ = torch_decoder.step(
            token_ids[-rows:], expected_state.select(last), memory.select(last)
        )
        only = last.numpy()
        ended = token_ids[-rows:].numpy()
        logits, _, _ = onnx_decoder.step(ended, state.select(only), own.select(only))
        assert_close(logits, expected)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"beam_size": 1},
        {"beam_size": 5, "num_captions": 3},
        {"num_groups": 2, "beam_size": 4},
        {"sample": True},
        {"begin": "red picture", "num_captions": 2},
    ],
    ids=str,
)
def test_captions_probabilities_and_attention_are_the_same(exported, runtime, photos, options):
    engines = zip(exported, ("torch", runtime), strict=True)
    torch_captioner, onnx_captioner = (load(folder, "cpu", engine) for folder, engine in engines)
    results = [
        captioner.caption(photos, **options) for captioner in (torch_captioner, onnx_captioner)
    ]
    for expected, result in zip(*results, strict=True):
        assert [one.text for one in result.candidates] == [one.text for one in expected.candidates]
        assert result.log_prob == pytest.approx(expected.log_prob, abs=1e-4)
        assert result.attention == pytest.approx(expected.attention, abs=1e-4)


def test_hints_are_read_alike(exported, runtime, photos):
    engines = zip(exported, ("torch", runtime), strict=True)
    torch_captioner, onnx_captioner = (load(folder, "cpu", engine) for folder, engine in engines)
    if not torch_captioner.recognises:
        pytest.skip("this model detects no words")
    results = [one.caption(photos, hint=["green"]) for one in (torch_captioner, onnx_captioner)]
    free = torch_captioner.caption(photos)
    for expected, result, other in zip(*results, free, strict=True):
        assert result.text == expected.text
        assert result.log_prob == pytest.approx(expected.log_prob, abs=1e-4)
        assert result.log_prob != pytest.approx(other.log_prob, abs=1e-4)


def test_the_shipped_model_says_the_same_to_the_letter(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    photos = sample_photos()
    if "CAPTIONER_DATA" in os.environ:
        data = Path(os.environ["CAPTIONER_DATA"]) / "flickr8k"
        photos += [data / "images" / name for name in (data / "val.txt").read_text().split()[:200]]
    torch_captioner, onnx_captioner = (
        load("everyday", "cpu", engine) for engine in ("torch", "onnx")
    )
    expected = [result.text for result in torch_captioner.caption(photos)]
    assert [result.text for result in onnx_captioner.caption(photos)] == expected


def test_openvino_in_its_own_precision_says_nearly_the_same(tmp_path_factory, monkeypatch):
    pytest.importorskip("openvino")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    photos = sample_photos()
    captioners = [load("everyday", "cpu", engine) for engine in ("torch", "openvino")]
    expected, found = (captioner.caption(photos) for captioner in captioners)
    # bfloat16 has three digits.
    for one, other in zip(expected, found, strict=True):
        assert one.log_prob == pytest.approx(other.log_prob, rel=0.15)
    pixels = torch.zeros(1, 3, 224, 224).numpy()
    values = [torch.as_tensor(one.model.encode(pixels).values) for one in captioners]
    assert (values[1] - values[0]).norm() < 0.1 * values[0].norm()


def test_streams_side_by_side_share_one_graph_and_get_their_own_answers(exported, runtime):
    model = OnnxModel(exported[1], runtime)
    photos = torch.randn(8, 1, 3, 32, 96).numpy()
    expected = [model.encode(pixels).values.copy() for pixels in photos]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(model.encode, photos))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(torch.from_numpy(one.values), torch.from_numpy(other))


@pytest.mark.parametrize("name", ["encoder.onnx", "step.onnx"])
def test_a_broken_or_missing_graph_is_named(exported, runtime, tmp_path, name):
    for file in exported[1].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / name).write_bytes(b"broken")
    with pytest.raises(ModelError, match=name):
        load(tmp_path, "cpu", runtime)
    (tmp_path / "step.onnx").unlink()
    with pytest.raises(ModelError, match=r"\.onnx"):
        load(tmp_path, "cpu", runtime)


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_nothing_is_reported_to_anyone(exported, tmp_path, runtime):
    """Both keep what they report in the user's home; there is none."""
    pytest.importorskip({"onnx": "onnxruntime", "openvino": "openvino_telemetry"}[runtime])
    code = (
        "import pathlib, sys; from captioner.onnx.model import OnnxModel;"
        " OnnxModel(pathlib.Path(sys.argv[1]), sys.argv[2])"
    )
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("CI", "ORT_DISABLE_TELEMETRY")
    }
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run(
        [sys.executable, "-c", code, str(exported[1]), runtime],
        env=environment | home,
        check=True,
        timeout=300,
    )
    assert not [*tmp_path.rglob("*")]
