"""A run learns, decodes, stops, averages, and fails by name."""

import dataclasses
import errno
import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import load_file

from captioner.errors import (
    CheckpointError,
    ConfigError,
    EmptyDataError,
    MissingExtraError,
    MissingImageError,
    ModelError,
    NonFiniteLossError,
    TrainingError,
)
from captioner.metrics import Report
from captioner.model.captioner_model import CaptionerModel
from captioner.training import initial_model, run_folder, train, validation
from captioner.training.checkpoints import list_checkpoints, load_checkpoint
from captioner.training.objective import Objective
from captioner.training.trainer import Trainer
from captioner.training.validation import LOSS, Validation

NO_DROPOUT = {"encoder": {"dropout": 0.0}, "decoder": {"dropout": 0.0}}


def history(run):
    return [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]


def same(first, second) -> bool:
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    """Drawing would take most of the time; test_run_folder.py looks at the pictures."""
    monkeypatch.setattr(run_folder, "draw_curves", lambda path, *_: path.touch())


def test_the_same_seed_gives_the_same_weights(tiny_config, tmp_path, final_weights):
    runs = {name: tmp_path / name for name in ("one", "two", "other")}
    for name, run in runs.items():
        train(tiny_config(training={"output": str(run), "seed": int(name == "other")}))
    assert same(final_weights(runs["one"]), final_weights(runs["two"]))
    assert not same(final_weights(runs["one"]), final_weights(runs["other"]))


def test_dropout_is_on_in_every_epoch(tiny_config, monkeypatch):
    modes, original = [], Objective.forward

    def observed(self: Objective, *arguments: object) -> torch.Tensor:
        modes.append(
            {module.training for module in (self.model.encoder.dropout, self.model.decoder.dropout)}
        )
        return original(self, *arguments)

    monkeypatch.setattr(Objective, "forward", observed)
    train(tiny_config())
    assert modes == [{True}] * 4


@pytest.mark.parametrize("update", [1, 3, 4])
@pytest.mark.parametrize("trainable_from", [None, 0, 3])
def test_a_stopped_run_goes_on_to_the_same_weights(
    tiny_config, tmp_path, final_weights, interrupted, update, trainable_from
):
    sections = {"encoder": {"trainable_from": trainable_from}}
    settings = {"epochs": 3, "scheduled_sampling": 0.5, "backbone_learning_rate": 0.01}
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train(tiny_config(training=settings | {"output": str(whole)}, **sections))
    config = tiny_config(
        training=settings | {"output": str(stopped), "checkpoint_every_s": 1e-9}, **sections
    )
    interrupted(config, update)
    assert load_checkpoint(stopped / "checkpoints")[0].update == update % 2
    train(config, resume=True)
    assert same(final_weights(whole), final_weights(stopped))
    assert history(whole) == history(stopped)
    assert same(
        load_file(whole / "best" / "model.safetensors"),
        load_file(stopped / "best" / "model.safetensors"),
    )


def test_updates_after_the_last_checkpoint_are_made_again(
    tiny_config, tmp_path, final_weights, interrupted
):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train(tiny_config(training={"output": str(whole)}))
    interrupted(tiny_config(training={"output": str(stopped)}), update=3)
    assert load_checkpoint(stopped / "checkpoints")[0].epoch == 1
    train(tiny_config(training={"output": str(stopped)}), resume=True)
    assert same(final_weights(whole), final_weights(stopped))


def test_a_run_stopped_while_it_validates_goes_on(
    tiny_config, tmp_path, final_weights, monkeypatch
):
    def stops(*_: object) -> Report:
        raise KeyboardInterrupt

    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train(tiny_config(training={"output": str(whole)}))
    config = tiny_config(training={"output": str(stopped), "checkpoint_every_s": 1e-9})
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Validation, "__call__", stops)
        train(config)
    train(config, resume=True)
    assert same(final_weights(whole), final_weights(stopped))
    assert history(whole) == history(stopped)


def test_a_finished_run_has_nothing_to_go_on_with(tiny_config, tmp_path, final_weights):
    train(tiny_config())
    before = final_weights(tmp_path / "run")
    assert train(tiny_config(), resume=True) == tmp_path / "run" / "best"
    assert same(final_weights(tmp_path / "run"), before)
    assert len(history(tmp_path / "run")) == 2


def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    tiny_config, tmp_path, final_weights, interrupted
):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train(tiny_config(training={"output": str(whole)}))
    config = tiny_config(training={"output": str(stopped), "checkpoint_every_s": 1e-9})
    interrupted(config, update=3)
    newest = list_checkpoints(stopped / "checkpoints")[-1] / "model.safetensors"
    newest.write_bytes(newest.read_bytes()[:-9])
    train(config, resume=True)
    assert same(final_weights(whole), final_weights(stopped))


@pytest.mark.parametrize("batch_size", [4, 5])
def test_accumulated_parts_make_the_same_update(tiny_config, tmp_path, final_weights, batch_size):
    runs = [tmp_path / str(steps) for steps in (1, 2, 3)]
    for steps, run in enumerate(runs, start=1):
        settings = {"output": str(run), "batch_size": batch_size, "accumulation_steps": steps}
        train(tiny_config(training=settings, **NO_DROPOUT))
    losses, expected = [entry["loss"] for entry in history(runs[0])], final_weights(runs[0])
    for run in runs[1:]:
        assert [entry["loss"] for entry in history(run)] == pytest.approx(losses, rel=1e-5)
        for name, tensor in final_weights(run).items():
            torch.testing.assert_close(tensor, expected[name], atol=2e-3, rtol=2e-3)


@pytest.mark.parametrize(
    "changes", [{"scheduled_sampling": 1.0}, {"coverage_penalty": 1.0}, {"label_smoothing": 0.0}]
)
def test_the_loss_has_its_options(tiny_config, tmp_path, changes):
    train(tiny_config(training={"output": str(tmp_path / "plain")}))
    train(tiny_config(training={"output": str(tmp_path / "changed")} | changes))
    plain, changed = (
        history(tmp_path / "plain")[-1]["loss"],
        history(tmp_path / "changed")[-1]["loss"],
    )
    assert math.isfinite(changed)
    assert abs(changed - plain) > 1e-3


def test_fine_tuning_moves_the_chosen_stages_and_no_statistics(tiny_config):
    config = tiny_config(encoder={"trainable_from": 4}, training={"backbone_learning_rate": 0.01})
    run = Trainer(config, resume=False)
    before = {
        name: tensor.clone() for name, tensor in run.model.encoder.backbone.state_dict().items()
    }
    run.run()
    after = run.model.encoder.backbone.state_dict()
    moved = {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    assert moved == run.model.encoder.trainable_names()


def test_crops_and_flips_are_views_of_the_cache(tiny_config):
    assert Trainer(tiny_config(training={"crops": 2}), resume=False).task.train.num_views == 6


class Judged:
    """Lets validation find the given CIDEr, one after the other; remembers the weights that it
    was shown.
    """

    def __init__(
        self, patch: pytest.MonkeyPatch, scores: list[float], losses: Sequence[float] = ()
    ) -> None:
        self.weights: list[dict[str, torch.Tensor]] = []
        patch.setattr(validation, "FEWEST_FOR_CIDER", 0)
        left, left_losses, original = iter(scores), iter(losses), Validation.__call__

        def judge(judging: Validation, model: CaptionerModel) -> Report:
            self.weights.append(
                {name: tensor.clone() for name, tensor in model.own_state_dict().items()}
            )
            report = original(judging, model)
            scores = report.scores | {"CIDEr": next(left), LOSS: next(left_losses, math.inf)}
            return dataclasses.replace(
                report, scores=scores if not scores["CIDEr"] else scores | {LOSS: math.inf}
            )

        patch.setattr(Validation, "__call__", judge)


def halves(weights):
    return {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in weights.items()
    }


def test_early_stop_keeps_the_best_epoch(tiny_config, tmp_path, monkeypatch):
    judged = Judged(monkeypatch, [3.0, 5.0, 4.0, 5.0, 9.0])
    best = train(tiny_config(training={"epochs": 5, "patience": 2}))
    assert [entry["CIDEr"] for entry in history(tmp_path / "run")] == [3, 5, 4, 5]
    assert same(load_file(best / "model.safetensors"), halves(judged.weights[1]))


def test_among_scores_of_zero_the_lowest_loss_is_kept(tiny_config, tmp_path, monkeypatch):
    losses = [3.0, 2.0, 2.5, 1.5, 1.6, 1.7]
    judged = Judged(monkeypatch, [0.0] * 6, losses)
    best = train(tiny_config(training={"epochs": 9, "patience": 2}))
    assert [entry[LOSS] for entry in history(tmp_path / "run")] == losses
    assert same(load_file(best / "model.safetensors"), halves(judged.weights[3]))


def test_any_score_is_better_than_a_low_loss(tiny_config, monkeypatch):
    judged = Judged(monkeypatch, [0.0, 1.0, 0.0], [0.1] * 3)
    best = train(tiny_config(training={"epochs": 3}))
    assert same(load_file(best / "model.safetensors"), halves(judged.weights[1]))


@pytest.mark.parametrize(
    ("names", "fewest", "told"),
    [
        (["photo00.png"], 0, "CIDEr is always 0"),
        (["photo00.png", "photo01.png"], 0, "CIDEr is always 0"),
        (["photo00.png", "photo01.png"], 3, "2 validation photos are too few"),
    ],
)
def test_few_validation_photos_or_the_same_words_are_judged_by_loss(
    tiny_config, caption_set, tmp_path, capsys, monkeypatch, names, fewest, told
):
    monkeypatch.setattr(validation, "FEWEST_FOR_CIDER", fewest)
    train_split = [
        name for name in Path(caption_set["train_split"]).read_text().split() if name not in names
    ]
    (tmp_path / "train.txt").write_text("\n".join(train_split))
    rows = [f"{name},the same words" for name in names]
    (tmp_path / "val.csv").write_text("\n".join(["image,caption", *rows]))
    data = {"val_captions": str(tmp_path / "val.csv"), "val_split": ""}
    data |= {"train_split": str(tmp_path / "train.txt")}
    train(tiny_config(data=data, training={"epochs": 3, "patience": 3}))
    lines = capsys.readouterr().out.splitlines()
    assert "validation loss" in lines[0] and lines[1].startswith(told)
    assert sum("the lowest validation loss" in line for line in lines) == 1
    progress = load_checkpoint(tmp_path / "run" / "checkpoints")[0]
    assert progress.best_loss == min(entry[LOSS] for entry in history(tmp_path / "run"))
    assert history(tmp_path / "run")[progress.best_epoch - 1][LOSS] == progress.best_loss


@pytest.mark.parametrize(("score", "is_kept"), [(9.0, True), (1.0, False)])
def test_average_of_the_last_epochs_is_kept_where_it_is_better(
    tiny_config, monkeypatch, score, is_kept
):
    judged = Judged(monkeypatch, [3.0, 4.0, 5.0, score])
    best = train(tiny_config(training={"epochs": 3, "average_last": 2}))
    mean = {
        name: (judged.weights[1][name] + tensor) / 2 for name, tensor in judged.weights[2].items()
    }
    for name, tensor in judged.weights[3].items():
        torch.testing.assert_close(tensor, mean[name].to(tensor.dtype), atol=1e-6, rtol=1e-6)
    kept = judged.weights[3] if is_kept else judged.weights[2]
    assert same(load_file(best / "model.safetensors"), halves(kept))


def test_the_kept_model_is_mixed_with_the_initial_one(tiny_config, tmp_path):
    before = train(tiny_config(training={"output": str(tmp_path / "before"), "epochs": 1}))
    training = {"initial_model": str(before), "initial_fraction": 0.25, "epochs": 1}
    best = train(tiny_config(training=training | {"output": str(tmp_path / "after")}))
    initial, kept = (load_file(folder / "model.safetensors") for folder in (before, best))
    trained = load_checkpoint(tmp_path / "after" / "checkpoints")[1]
    assert not same(initial, kept)
    for name, weights in kept.items():
        expected = 0.75 * trained[name].float() + 0.25 * initial[name].float()
        torch.testing.assert_close(weights.float(), expected, atol=1e-3, rtol=1e-3)
    with pytest.raises(ValueError, match="initial_fraction needs an initial_model"):
        tiny_config(training={"initial_fraction": 0.25})


def test_loss_that_is_no_number_stops_the_run(tiny_config, tmp_path, monkeypatch):
    from captioner.training import objective

    original, count = objective.caption_loss, iter(range(1000))
    monkeypatch.setattr(
        objective,
        "caption_loss",
        lambda *arguments: original(*arguments) * (math.nan if next(count) > 12 else 1),
    )
    with pytest.raises(NonFiniteLossError, match=r"epoch 2, update \d: the loss is nan"):
        train(tiny_config())
    progress, weights, _ = load_checkpoint(tmp_path / "run" / "checkpoints")
    assert progress.epoch == 1
    assert all(torch.isfinite(tensor).all() for tensor in weights.values())


@pytest.mark.parametrize(
    "writer",
    [
        "checkpoints.save_file",
        "averaging.save_file",
        "run_folder.draw_curves",
        "run_folder.write_model_card",
    ],
)
def test_full_disk_is_named_and_earlier_checkpoints_stay(
    tiny_config, tmp_path, monkeypatch, interrupted, writer
):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    config = tiny_config(training={"epochs": 3})
    interrupted(config, update=3)
    before = {
        path: path.read_bytes()
        for path in (tmp_path / "run").rglob("*")
        if path.parent.parent.name == "checkpoints"
    }
    with (
        monkeypatch.context() as patch,
        pytest.raises(CheckpointError, match="No space left on device"),
    ):
        patch.setattr(f"captioner.training.{writer}", full)
        Judged(patch, [1e3, 2e3])
        train(config, resume=True)
    assert before
    assert all(path.read_bytes() == content for path, content in before.items())
    assert CaptionerModel.from_pretrained(tmp_path / "run" / "best")
    train(config, resume=True)


def test_other_settings_are_named_on_going_on(tiny_config, interrupted):
    interrupted(tiny_config(training={"checkpoint_every_s": 1e-9}), update=1)
    changed = tiny_config(training={"learning_rate": 0.5, "patience": 9}, decoder={"cell": "gru"})
    with pytest.raises(CheckpointError) as raised:
        train(changed, resume=True)
    assert "training.learning_rate was 0.01, is 0.5" in str(raised.value)
    assert "decoder.cell was 'lstm', is 'gru'" in str(raised.value)
    assert "patience" not in str(raised.value)


def test_other_data_is_named_on_going_on(tiny_config, tmp_path, caption_set, interrupted):
    interrupted(tiny_config(training={"checkpoint_every_s": 1e-9}), update=1)
    captions = tmp_path / "captions.csv"
    captions.write_text(Path(caption_set["captions"]).read_text().replace("bright", "bright shiny"))
    with pytest.raises(CheckpointError, match="was the data changed"):
        train(tiny_config(data={"captions": str(captions)}), resume=True)


def test_a_run_is_never_overwritten(tiny_config):
    train(tiny_config())
    with pytest.raises(TrainingError, match="--resume"):
        train(tiny_config())


def test_nothing_to_go_on_with_yet_is_a_beginning(tiny_config, tmp_path, final_weights):
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    train(tiny_config(training={"output": str(whole)}))
    train(tiny_config(training={"output": str(resumed)}), resume=True)
    assert same(final_weights(whole), final_weights(resumed))


def test_only_damaged_checkpoints_to_go_on_with_are_named(tiny_config, tmp_path, interrupted):
    config = tiny_config(training={"checkpoint_every_s": 1e-9})
    interrupted(config, update=1)
    for path in list_checkpoints(tmp_path / "run" / "checkpoints"):
        (path / "progress.json").unlink()
    with pytest.raises(CheckpointError, match="no checkpoint to resume from"):
        train(config, resume=True)


def test_missing_tensorboard_is_named_before_anything_is_computed(tiny_config, monkeypatch):
    monkeypatch.setattr(
        initial_model, "CaptionerModel", lambda *_: pytest.fail("a model was built")
    )
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"captioner\[train\]"):
        train(tiny_config())


@pytest.mark.parametrize("given", [None, (0.1, 0.2, 0.3)])
def test_the_model_knows_the_mean_and_deviation_it_was_trained_with(
    tiny_config, given, monkeypatch
):
    own = {"mean": (0.4, 0.5, 0.6), "std": (0.2, 0.3, 0.4)}
    original = timm.create_model

    def create(*arguments, **options):
        backbone = original(*arguments, **options)
        backbone.pretrained_cfg = {**backbone.pretrained_cfg, **own}
        return backbone

    monkeypatch.setattr(timm, "create_model", create)
    run = Trainer(tiny_config(image={"mean": given}), resume=False)
    expected = {"mean": given or own["mean"], "std": own["std"]}
    assert {name: getattr(run.config.image, name) for name in own} == expected
    assert {name: run.model.config.image[name] for name in own} == expected
    assert run.state.config["image"]["std"] == list(own["std"])


def test_missing_photo_is_named_before_anything_is_computed(
    tiny_config, tmp_path, caption_set, monkeypatch
):
    monkeypatch.setattr(
        initial_model, "CaptionerModel", lambda *_: pytest.fail("a model was built")
    )
    captions = tmp_path / "captions.csv"
    captions.write_text("image,caption\ngone.jpg,A photo that is gone\nphoto00.png,A photo\n")
    fields = {"captions": str(captions), "train_split": "", "val_split": ""}
    (tmp_path / "val.txt").write_text("photo00.png\n")
    for val_split in ("", str(tmp_path / "val.txt")):
        with pytest.raises(MissingImageError, match=r"gone\.jpg"):
            train(tiny_config(data=fields | {"val_split": val_split}))


@pytest.mark.parametrize("content", ["", "image,caption\n", "image,caption\nphoto00.png,\n"])
def test_captions_without_captions_are_named(tiny_config, tmp_path, content):
    (tmp_path / "empty.csv").write_text(content)
    with pytest.raises(EmptyDataError, match=r"empty\.csv"):
        train(tiny_config(data={"captions": str(tmp_path / "empty.csv")}))


def test_data_that_is_not_given_is_named(tiny_config):
    with pytest.raises(ConfigError, match=r"data\.captions is empty"):
        train(tiny_config(data={"captions": "", "images": ""}))


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU can do it")
def test_precision_that_the_machine_lacks_is_named(tiny_config):
    with pytest.raises(ConfigError, match=r"training.precision.*fp16"):
        train(tiny_config(training={"precision": "fp16"}))


def test_an_initial_model_that_cannot_be_loaded_is_named(tiny_config, model_folder, tmp_path):
    (model_folder / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(ModelError, match=r"initial_model: .*cannot be loaded"):
        train(tiny_config(training={"initial_model": str(model_folder)}))
    assert not (tmp_path / "run" / "best").exists()
