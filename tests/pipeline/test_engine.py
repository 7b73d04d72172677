"""Torch, ONNX Runtime or OpenVINO: by what is asked for, what is there, and what pays."""

from pathlib import Path

import pytest

from captioner.errors import CacheError, MissingExtraError, ModelError, UsageError
from captioner.onnx.runtimes import find_runtime
from captioner.pipeline.engine import EXPORT_PAYS_FROM, cache_folder, find_device, onnx_folder

CPU = "cpu"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def exports(monkeypatch) -> list[Path]:
    """Replace the export by one of no time; the folders that were written."""
    made = []

    def export(_, folder):
        folder.mkdir()
        (folder / "encoder.onnx").write_bytes(b"graph")
        made.append(folder)

    monkeypatch.setattr("captioner.onnx.graphs.export_onnx", export)
    return made


def test_a_model_is_exported_once_and_again_when_it_changes(model_folder, exports):
    first = onnx_folder(model_folder, "onnx", CPU, 1)
    assert first is not None and first.parent == cache_folder()
    assert onnx_folder(model_folder, "onnx", CPU, 1) == first and len(exports) == 1
    assert [path.name for path in first.parent.iterdir()] == [
        first.name
    ]  # nothing half-made is left
    (model_folder / "tokenizer_config.json").write_text("{}")
    assert onnx_folder(model_folder, "onnx", CPU, 1) != first and len(exports) == 2


def test_auto_exports_where_it_pays_and_takes_what_is_there(model_folder, exports):
    assert onnx_folder(model_folder, "auto", CPU, EXPORT_PAYS_FROM - 1) is None
    assert not exports
    graphs = onnx_folder(model_folder, "auto", CPU, EXPORT_PAYS_FROM)
    assert graphs is not None
    assert onnx_folder(model_folder, "auto", CPU, 1) == graphs


def test_auto_is_torch_elsewhere(model_folder, exports, monkeypatch):
    assert onnx_folder(model_folder, "auto", "cuda", 10**6) is None
    assert onnx_folder("owner/name", "auto", CPU, 10**6) is None
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert onnx_folder(model_folder, "auto", CPU, 10**6) is None
    assert not exports


def test_torch_is_torch(model_folder, exports):
    assert onnx_folder(model_folder, "torch", CPU, 10**6) is None
    assert not exports


def test_a_folder_of_graphs_is_run_as_it_is(tmp_path):
    (tmp_path / "encoder.onnx").write_bytes(b"graph")
    for engine in ("auto", "onnx", "openvino"):
        assert onnx_folder(tmp_path, engine, CPU, 1) == tmp_path
    with pytest.raises(ModelError, match="torch cannot run"):
        onnx_folder(tmp_path, "torch", CPU, 1)


def test_what_cannot_be_is_named(model_folder, monkeypatch):
    with pytest.raises(UsageError, match="auto, torch, onnx, openvino"):
        onnx_folder(model_folder, "tensorrt", CPU, 1)
    for engine in ("onnx", "openvino"):
        with pytest.raises(UsageError, match=f"{engine} runs on the CPU"):
            onnx_folder(model_folder, engine, "cuda", 1)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for engine in ("onnx", "openvino"):
        with pytest.raises(MissingExtraError, match=rf"captioner\[{engine}\]"):
            onnx_folder(model_folder, engine, CPU, 1)


@pytest.mark.parametrize(
    ("there", "bfloat16", "expected"),
    [
        ({"onnxruntime", "openvino"}, True, "openvino"),
        ({"onnxruntime", "openvino"}, False, "onnx"),
        ({"onnxruntime"}, True, "onnx"),
        ({"openvino"}, False, "openvino"),
        (set(), True, None),
    ],
)
def test_openvino_runs_graphs_where_the_cpu_has_bfloat16(monkeypatch, there, bfloat16, expected):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name in there or None)
    monkeypatch.setattr("captioner.onnx.runtimes.computes_in_bfloat16", lambda: bfloat16)
    assert find_runtime("auto") == expected


def test_a_cache_that_cannot_be_written_is_an_error_or_torch(model_folder, cache, exports, caplog):
    cache.write_bytes(b"a file, not a folder")
    with pytest.raises(CacheError, match="XDG_CACHE_HOME"):
        onnx_folder(model_folder, "onnx", CPU, 1)
    assert onnx_folder(model_folder, "auto", CPU, 10**6) is None
    assert "torch runs the model" in caplog.text


def test_an_interrupted_export_leaves_nothing(model_folder, cache, monkeypatch):
    def interrupted(_, folder):
        folder.mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr("captioner.onnx.graphs.export_onnx", interrupted)
    with pytest.raises(KeyboardInterrupt):
        onnx_folder(model_folder, "onnx", CPU, 1)
    assert not list(cache_folder().iterdir())


@pytest.fixture(
    params=["no home", "a closed home", "a file for a home", "a home that cannot be written"]
)
def no_cache(request, tmp_path, monkeypatch) -> str:
    """All that can keep a cache from being there."""
    monkeypatch.delenv("XDG_CACHE_HOME")
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    if request.param == "no home":
        monkeypatch.setattr(
            Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("Could not determine home"))
        )
    elif request.param == "a file for a home":
        home.touch()
    else:
        error = PermissionError(13, "Permission denied")
        monkeypatch.setattr(Path, "mkdir", lambda *_, **__: (_ for _ in ()).throw(error))
        if request.param == "a closed home":
            is_dir = Path.is_dir
            closed = lambda path: home in path.parents and (_ for _ in ()).throw(error)  # noqa: E731
            monkeypatch.setattr(Path, "is_dir", lambda path: closed(path) or is_dir(path))
    return request.param


@pytest.mark.parametrize("count", [1, 10**6])
def test_without_a_cache_torch_runs_the_model(model_folder, exports, no_cache, count, caplog):
    assert onnx_folder(model_folder, "auto", CPU, count) is None
    assert not exports
    assert bool(caplog.messages) == (count > 1)  # it is told where a cache would have helped


def test_without_a_cache_graphs_that_are_asked_for_are_a_named_error(
    model_folder, exports, no_cache
):
    with pytest.raises(CacheError, match="set XDG_CACHE_HOME"):
        onnx_folder(model_folder, "onnx", CPU, 1)


@pytest.mark.parametrize("name", ["gpu", "meta", None])
def test_a_device_that_computes_nothing_is_wrong_use(name):
    with pytest.raises(UsageError, match=f"there is no device {name!r}: choose cpu"):
        find_device(name)
