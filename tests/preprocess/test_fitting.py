"""Fitting keeps what each way of resizing promises, and random parts stay inside."""

import torch

from captioner.preprocess.fitting import random_box


def test_random_boxes_lie_within_the_photo_and_keep_most_of_it():
    generator = torch.Generator().manual_seed(0)
    boxes = [random_box((700, 300), generator) for _ in range(300)]
    areas = [(right - left) * (bottom - top) / 210_000 for left, top, right, bottom in boxes]
    assert all(
        0 <= left < right <= 700 and 0 <= top < bottom <= 300 for left, top, right, bottom in boxes
    )
    assert 0.59 < min(areas) < 0.65 and 0.9 < max(areas) <= 1
    ratios = [(right - left) / (bottom - top) * 300 / 700 for left, top, right, bottom in boxes]
    assert 0.74 < min(ratios) < 0.8 and 1.25 < max(ratios) < 1.35
    assert len(set(boxes)) > 290
    assert random_box((1, 1), generator) == (0, 0, 1, 1)
