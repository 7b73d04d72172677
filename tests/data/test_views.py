"""Views are numbered the whole photo first, and a crop belongs to its photo."""

from pathlib import Path

from captioner.data.views import View, views_of


def test_views_begin_with_the_whole_photo():
    assert views_of(False, 0) == (View(),)
    assert views_of(True, 1) == (View(), View(True), View(False, 1), View(True, 1))


def test_crop_belongs_to_photo_and_number():
    seeds = [
        View(crop=crop).crop_seed(Path(name)) for crop in (1, 2) for name in ("a/x.jpg", "a/y.jpg")
    ]
    assert len(set(seeds)) == 4
    assert View().crop_seed(Path("a/x.jpg")) is None
    assert View(True, 1).crop_seed(Path("b/x.jpg")) == View(False, 1).crop_seed(Path("a/x.jpg"))
