"""The average of epochs is their mean."""

import torch

from captioner.training.averaging import average_epochs, keep_epoch, kept_epochs


def test_mean_is_that_of_the_last_epochs(tmp_path):
    folder = tmp_path / "epochs"
    for epoch in range(1, 6):
        keep_epoch(
            folder,
            epoch,
            {"weight": torch.full((2, 3), float(epoch)), "count": torch.tensor(epoch)},
            kept=3,
        )
    assert [path.stem for path in kept_epochs(folder)] == ["0003", "0004", "0005"]
    mean = average_epochs(folder)
    assert torch.equal(mean["weight"], torch.full((2, 3), 4.0))
    assert mean["count"] == 4


def test_an_epoch_that_is_run_again_takes_its_own_place(tmp_path):
    keep_epoch(tmp_path, 1, {"weight": torch.zeros(1)}, kept=2)
    keep_epoch(tmp_path, 1, {"weight": torch.ones(1)}, kept=2)
    assert average_epochs(tmp_path)["weight"] == 1
