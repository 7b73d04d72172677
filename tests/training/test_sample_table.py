"""The table of what the model writes of ten validation examples."""

import pytest

from captioner.training import train
from captioner.training.sample_table import write_samples


@pytest.mark.parametrize(
    ("count", "shown"), [(1, [0]), (3, [0, 1, 2]), (10, list(range(10))), (45, [0, 4, 9, 13, 18])]
)
def test_ten_examples_at_most_are_shown_all_over_the_set(tmp_path, count, shown):
    names = [f"{number}.jpg" for number in range(count)]
    targets = [(f"a|b\n{number}", "other") for number in range(count)]
    write_samples(
        tmp_path / "table.md",
        3,
        names,
        targets,
        {number: f"text {number}" for number in range(count)},
    )
    head, _, _, _, *rows = (tmp_path / "table.md").read_text().splitlines()
    assert head == "After epoch 3"
    assert rows[: len(shown)] == [
        f"| {number}.jpg | text {number} | a\\|b {number} |" for number in shown
    ]
    assert len(rows) == min(10, count)


def test_a_run_leaves_what_it_wrote_last(tiny_config, tmp_path):
    train(tiny_config())
    table = (tmp_path / "run" / "samples.md").read_text()
    assert table.startswith("After epoch 2\n")
    assert "| photo06.png | " in table and " | A grey photo, bright on the left. |" in table
