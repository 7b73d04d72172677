"""A checkpoint is whole or not there, and a damaged one is passed over."""

import json
import resource
import shutil

import pytest
import torch

from captioner.config import EXPERIMENTS, PhotoConfig, SpeechConfig, validated
from captioner.errors import CheckpointError
from captioner.training.checkpoints import (
    Progress,
    differences,
    fixed_settings,
    list_checkpoints,
    load_checkpoint,
    moments_of,
    restore_moments,
    save_checkpoint,
)

WEIGHTS = {"layer.weight": torch.arange(6.0).reshape(2, 3)}
MOMENTS = {"0.step": torch.tensor(3.0), "0.exp_avg": torch.ones(2, 3)}


def save(folder, epoch: int, update: int, **fields: object) -> None:
    weights = {name: tensor + epoch for name, tensor in WEIGHTS.items()}
    save_checkpoint(folder, Progress(epoch=epoch, update=update, **fields), weights, MOMENTS)


def test_what_was_saved_comes_back_exactly(tmp_path):
    save(
        tmp_path,
        1,
        7,
        loss_sum=0.1 + 0.2,
        history=[{"loss": 1 / 3}],
        config={"training": {"betas": [0.9, 1e-9]}},
    )
    progress, weights, moments = load_checkpoint(tmp_path)
    assert (progress.epoch, progress.update, progress.loss_sum) == (1, 7, 0.1 + 0.2)
    assert progress.history == [{"loss": 1 / 3}]
    assert progress.config == {"training": {"betas": [0.9, 1e-9]}}
    assert torch.equal(weights["layer.weight"], WEIGHTS["layer.weight"] + 1)
    assert {name: tensor.tolist() for name, tensor in moments.items()} == {
        n: t.tolist() for n, t in MOMENTS.items()
    }


def test_the_newest_two_are_kept(tmp_path):
    for epoch, update in ((0, 9), (0, 10), (0, 100), (1, 0)):
        save(tmp_path, epoch, update)
    assert [path.name for path in list_checkpoints(tmp_path)] == ["0000-000100", "0001-000000"]
    assert load_checkpoint(tmp_path)[0].epoch == 1


@pytest.mark.parametrize("file", ["model.safetensors", "optimizer.safetensors", "progress.json"])
@pytest.mark.parametrize("damage", ["cut", "gone", "other"])
def test_a_damaged_one_gives_way_to_the_one_before(tmp_path, file, damage):
    save(tmp_path, 0, 5)
    save(tmp_path, 1, 0)
    path = tmp_path / "0001-000000" / file
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(
            path.read_bytes()[:-3] if damage == "cut" else b'{"epoch": 1, "surprise": 2}'
        )
    assert load_checkpoint(tmp_path)[0].update == 5
    shutil.rmtree(tmp_path / "0000-000005")
    with pytest.raises(CheckpointError, match="0001-000000"):
        load_checkpoint(tmp_path)


def test_a_half_written_one_is_not_seen(tmp_path):
    save(tmp_path, 0, 5)
    (tmp_path / "0001-000000.part").mkdir()
    assert [path.name for path in list_checkpoints(tmp_path)] == ["0000-000005"]
    save(tmp_path, 1, 0)
    assert load_checkpoint(tmp_path)[0].epoch == 1


def test_disk_that_takes_no_more_is_named(tmp_path):
    save(tmp_path, 0, 5)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    big = {"layer.weight": torch.zeros(100_000)}
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
        with pytest.raises(CheckpointError, match="earlier checkpoints are safe"):
            save_checkpoint(tmp_path, Progress(epoch=1), big, MOMENTS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in tmp_path.iterdir()] == ["0000-000005"]
    assert load_checkpoint(tmp_path)[0].update == 5


def test_moments_come_back_to_where_they_were():
    torch.manual_seed(0)
    layers = torch.nn.Sequential(
        torch.nn.Conv2d(3, 5, 3), torch.nn.Flatten(), torch.nn.Linear(45, 2)
    )
    layers.to(memory_format=torch.channels_last)
    inputs = torch.randn(4, 3, 5, 5)

    def step(optimizer: torch.optim.Optimizer) -> None:
        optimizer.zero_grad()
        layers(inputs).square().sum().backward()
        optimizer.step()

    optimizer = torch.optim.AdamW(layers.parameters(), lr=0.1)
    step(optimizer)
    moments, weights = (
        moments_of(optimizer),
        {name: t.clone() for name, t in layers.state_dict().items()},
    )
    assert all(tensor.is_contiguous() for tensor in moments.values())
    step(optimizer)
    expected = {name: tensor.clone() for name, tensor in layers.state_dict().items()}
    layers.load_state_dict(weights)
    fresh = torch.optim.AdamW(layers.parameters(), lr=0.1)
    restore_moments(fresh, moments)
    step(fresh)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in layers.state_dict().items())


def test_a_setting_that_an_older_run_did_not_have_was_at_its_default():
    old = fixed_settings(PhotoConfig())
    del old["training"]["label_smoothing"]
    del old["decoder"]
    assert differences(old, fixed_settings(PhotoConfig())) == []
    changed = fixed_settings(PhotoConfig.model_validate({"training": {"label_smoothing": 0.0}}))
    assert differences(old, changed) == ["training.label_smoothing was 0.1, is 0.0"]


@pytest.mark.parametrize("experiment", EXPERIMENTS.values(), ids=list(EXPERIMENTS))
def test_a_run_goes_on_where_its_files_have_moved(experiment):
    encoder = experiment().encoder
    if "texts" in experiment().data.PATHS:
        encoder = encoder.model_copy(update={"concepts": 1})  # without them there are no texts

    def at(folder: str) -> dict[str, object]:
        data = {field: f"{folder}/{field}" for field in experiment().data.PATHS}
        training = {"output": f"{folder}/run", "initial_model": f"{folder}/before/best"}
        return fixed_settings(
            validated(experiment, {"encoder": encoder, "data": data, "training": training}, "here")
        )

    assert differences(at("one"), at("/mnt/other")) == []
    # A checkpoint written when these were compared still holds them.
    old = at("one")
    old["data"] |= dict.fromkeys(experiment().data.PATHS, "elsewhere")
    assert differences(old, at("/mnt/other")) == []


def test_another_initial_model_is_another_run():
    one, two = (
        fixed_settings(validated(PhotoConfig, {"training": {"initial_model": name}}, "here"))
        for name in ("a/best", "b/best")
    )
    assert differences(one, two) == ["training.initial_model was 'a/best', is 'b/best'"]


def test_settings_under_earlier_names_are_the_same_settings():
    new = fixed_settings(SpeechConfig(data={"num_concatenated": 5}, self_critical={"weight": 0.5}))
    old = json.loads(
        json.dumps(new).replace("num_concatenated", "num_strings").replace('"weight"', '"share"')
    )
    assert "num_strings" in old["data"] and "share" in old["self_critical"]
    assert differences(old, new) == []
    old["self_critical"]["share"] = 1.0
    assert differences(old, new) == ["self_critical.weight was 1.0, is 0.5"]
