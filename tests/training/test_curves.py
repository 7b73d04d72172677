"""Curves and events are written."""

from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from captioner.training.curves import draw_curves, write_events

HISTORY = [
    {"epoch": n, "loss": 4.0 - n, "CIDEr": 10.0 * n, "BLEU-4": 5.0 * n, "learning_rate": 0.1 / n}
    for n in (1, 2, 3)
]


def test_picture_shows_something(tmp_path):
    draw_curves(tmp_path / "curves.png", HISTORY, ("CIDEr", "BLEU-4"))
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.width > 2 * picture.height
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 20


def test_rewards_take_the_place_of_a_loss_that_tells_nothing(tmp_path):
    pictures = []
    for name, more in (
        ("loss", {}),
        ("reward", {"reward": 0.5}),
        ("other-loss", {"reward": 0.5, "loss": -0.04}),
    ):
        draw_curves(tmp_path / f"{name}.png", [entry | more for entry in HISTORY], ("CIDEr",))
        pictures.append((tmp_path / f"{name}.png").read_bytes())
    assert pictures[0] != pictures[1] == pictures[2]


def test_one_epoch_can_be_drawn(tmp_path):
    draw_curves(tmp_path / "curves.png", HISTORY[:1], ("CIDEr",))
    assert (tmp_path / "curves.png").is_file()


def test_tensorboard_reads_what_was_written(tmp_path):
    for entry in HISTORY:
        write_events(tmp_path, entry)
    events = EventAccumulator(str(tmp_path)).Reload()
    assert set(events.Tags()["scalars"]) == {"loss", "CIDEr", "BLEU-4", "learning_rate"}
    # Files of one second are read in the order of their names, in which the tenth stands before the
    # second.
    read = sorted((event.step, event.value) for event in events.Scalars("CIDEr"))
    assert read == [(1, 10.0), (2, 20.0), (3, 30.0)]
