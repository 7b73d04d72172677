"""A run on clips: it learns labels or captions, stops and goes on, and writes what uses it."""

import json
import shutil

import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import load_file

from captioner.config import load_config
from captioner.errors import ConfigError, DataError, EmptyDataError
from captioner.pipeline import ActionRecognizer, load
from captioner.training import run_folder, train
from captioner.training.video_task import VideoTask


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    """Drawing would take most of the time; test_run_folder.py looks at the pictures."""
    monkeypatch.setattr(run_folder, "draw_curves", lambda path, *_: path.touch())
    monkeypatch.setattr(run_folder, "write_events", lambda *_: None)


def same(first, second) -> bool:
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )


def test_two_colours_are_learnt_and_told_apart_in_other_groups(
    video_config, clip_folder, tmp_path, capsys
):
    best = train(
        video_config(
            data={"name": "Turns"}, training={"epochs": 9, "patience": 9, "learning_rate": 0.03}
        )
    )
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("epoch 1/9: loss ") and "mean class accuracy" in printed[0]
    recognizer = load(best, device="cpu")
    assert isinstance(recognizer, ActionRecognizer)
    clips = sorted(clip_folder.glob("*/*_g03_*.mp4"))
    results = recognizer.recognize(clips, top=2)
    assert [result.label for result in results] == [clip.parent.name for clip in clips]
    assert all(len(result.probabilities) == 2 for result in results)
    overrides = [f"data.videos={clip_folder}", f"training.output={tmp_path / 'run'}"]
    assert (
        load_config(best / "training_config.json", overrides).data
        == video_config(data={"name": "Turns"}).data
    )
    card = ModelCard((best / "README.md").read_text(encoding="utf-8"))
    assert card.data.pipeline_tag == "video-classification"
    assert card.data.eval_results[0].metric_name == "accuracy"
    assert "data.videos=DIR`" in card.text and "frozen backbone comes from" in card.text
    assert str(tmp_path) not in card.text + (best / "training_config.json").read_text()


def test_a_stopped_run_goes_on_to_the_same_weights_where_the_clips_have_moved(
    video_config, clip_folder, tmp_path, final_weights, interrupted
):
    shared = {"data": {"cache": str(tmp_path / "cache")}}
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train(video_config(**shared, training={"output": str(whole)}))
    settings = {"output": str(stopped), "checkpoint_every_s": 1e-9}
    interrupted(video_config(**shared, training=settings), update=1)
    moved = shutil.copytree(clip_folder, tmp_path / "moved")
    train(video_config(data={"videos": str(moved)}, training=settings), resume=True)
    assert same(final_weights(whole), final_weights(stopped))
    assert same(
        load_file(whole / "best" / "model.safetensors"),
        load_file(stopped / "best" / "model.safetensors"),
    )


def test_sentences_are_learnt_where_there_are_captions(video_config, clip_folder, tmp_path):
    rows = [
        {
            "video": clip.name,
            "caption": [f"it turns {clip.parent.name[4:].lower()}", "a clip of one colour"],
        }
        | {"split": "val" if "_g03_" in clip.name else "train"}
        for clip in sorted(clip_folder.glob("*/*.mp4"))
    ]
    (tmp_path / "captions.json").write_text(json.dumps(rows))
    config = video_config(
        data={"captions": str(tmp_path / "captions.json"), "val_groups": []},
        search={"max_length": 6},
        self_critical={"weight": 0.2, "num_samples": 2},
    )
    best = train(config)
    history = [
        json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()
    ]
    assert history[0].keys() >= {"loss", "CIDEr", "BLEU-4", "reward"}
    result = load(best, device="cpu").caption(clip_folder / "TurnRed" / "v_TurnRed_g03_c01.mp4")
    assert result.attention.shape == (len(result.candidates[0].words), 3)
    assert set(result.text.split()) <= {
        "it",
        "turns",
        "red",
        "blue",
        "a",
        "clip",
        "of",
        "one",
        "colour",
    }


def test_lists_choose_as_groups_do(video_config, clip_folder, tmp_path):
    lists = {}
    for split, groups in (("train", ("g01", "g02")), ("val", ("g03",))):
        lines = [
            f"{one.parent.name}/{one.stem}.avi 1"
            for one in clip_folder.glob("*/*.mp4")
            if one.stem[-7:-4] in groups
        ]
        (tmp_path / f"{split}.txt").write_text("\n".join(sorted(lines, reverse=True)))
        lists[f"{split}_split"] = str(tmp_path / f"{split}.txt")
    by_list, by_group = (
        VideoTask(video_config(data=lists | {"val_groups": []})),
        VideoTask(video_config()),
    )
    assert sorted(by_list.targets) == sorted(by_group.targets)
    assert len(by_list.val_targets) == len(by_group.val_targets) == 4


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"videos": ""}, ConfigError, "data.videos is empty"),
        ({"val_groups": []}, ConfigError, "data.val_split or data.val_groups"),
        ({"val_groups": [9]}, EmptyDataError, "no clips of the groups 9"),
        ({"val_groups": [1, 2, 3]}, EmptyDataError, "all clips are for validation"),
        ({"videos": "nowhere"}, DataError, "no folder of clips"),
    ],
)
def test_data_that_cannot_be_used_is_said_at_once(video_config, changes, error, says):
    with pytest.raises(error, match=says):
        VideoTask(video_config(data=changes))


def test_labels_have_no_reward_and_groups_no_two_sides(video_config):
    with pytest.raises(ConfigError, match=r"self_critical\.weight"):
        VideoTask(video_config()).reward({})
    with pytest.raises(ValueError, match="group 3 stands in train_groups and in val_groups"):
        video_config(data={"train_groups": [2, 3]})
