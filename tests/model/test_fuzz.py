"""A model's folder that someone sent loads or is refused: never another error than ours."""

import contextlib
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from captioner.errors import CaptionerError, ModelError
from captioner.pipeline import load

PHOTO = Image.new("RGB", (64, 48), "red")
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 40_000),
    st.sampled_from([2**31, 2**63, -(2**63), 10**30]),
    st.floats(),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.lists(st.integers(-1, 3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def paths(table: object, above: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """List where every value of a JSON stands; of a list its first three."""
    items = (
        table.items()
        if isinstance(table, dict)
        else enumerate(table[:3])
        if isinstance(table, list)
        else ()
    )
    return [path for key, value in items for path in ((*above, key), *paths(value, (*above, key)))]


def put(table: object, path: tuple[object, ...], value: object) -> None:
    for key in path[:-1]:
        table = table[key]
    table[path[-1]] = value


def used(folder: Path) -> None:
    with contextlib.suppress(CaptionerError):
        load(folder, device="cpu", engine="torch").caption(PHOTO)


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "tokenizer_config.json"])
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_any_value_of_its_json_files_may_be_any_other(model_folder, file, data):
    table = json.loads((model_folder / file).read_text(encoding="utf-8"))
    put(table, data.draw(st.sampled_from(paths(table))), data.draw(ANYTHING))
    sent = model_folder.parent / "sent"
    shutil.rmtree(sent, ignore_errors=True)
    shutil.copytree(model_folder, sent)
    (sent / file).write_text(json.dumps(table), encoding="utf-8")
    used(sent)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(
    at=st.floats(0, 1, exclude_max=True),
    head=st.sampled_from([8, 400, 1 << 30]),
    written=st.binary(max_size=9),
)
def test_any_bytes_of_its_weights_may_be_any_others(model_folder, at, head, written):
    sent = model_folder.parent / "sent"
    shutil.rmtree(sent, ignore_errors=True)
    shutil.copytree(model_folder, sent)
    content = bytearray((sent / "model.safetensors").read_bytes())
    place = int(at * min(len(content), head))
    content[place : place + len(written)] = written
    (sent / "model.safetensors").write_bytes(content if written else content[:place])
    used(sent)


# What such trials found.
BAD_FIELDS = [
    ("bos_token_id", [-1, 3_000, 2**63, 1e300, None, "x", [], {}, True]),
    ("eos_token_id", [20_000, float("inf"), "x", {}, None]),
    ("pad_token_id", [True, 10**6]),
    ("unk_token_id", [-0.5, None, "x", [None], 2**31, 2]),
    ("vocab_size", [0, -1, 10**12, "many", None]),
    ("confidence", [1, [1e300], {"bias": "x"}, {"bias": float("nan")}]),
    ("directions", [2**63, "x", [["en"]], [3]]),
    ("known_words", [10**30, {"a": 1}, None]),
]


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in BAD_FIELDS for value in values]
)
def test_a_field_that_makes_no_sense_is_named(model_folder, field, value):
    table = json.loads((model_folder / "config.json").read_text(encoding="utf-8"))
    (model_folder / "config.json").write_text(json.dumps(table | {field: value}), encoding="utf-8")
    with pytest.raises(ModelError, match=r"cannot be loaded: "):
        load(model_folder, device="cpu", engine="torch")


@pytest.mark.parametrize(
    ("section", "field"), [("image", "width"), ("image", "height"), ("search", "beam_size")]
)
@pytest.mark.parametrize("value", [2**31, 2**63, 10**30])
def test_a_size_beyond_all_use_is_named(model_folder, section, field, value):
    table = json.loads((model_folder / "config.json").read_text(encoding="utf-8"))
    table[section][field] = value
    (model_folder / "config.json").write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(ModelError, match=field):
        load(model_folder, device="cpu", engine="torch")
