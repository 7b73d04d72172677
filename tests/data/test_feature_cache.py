"""Cached features equal fresh ones; stale and interrupted shards are made again."""

import errno
import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from captioner.data import feature_cache, feature_shard
from captioner.data.feature_cache import FeatureCache
from captioner.data.feature_shard import FeatureShard
from captioner.data.views import View, views_of
from captioner.errors import CacheError, MissingImageError

VIEWS = views_of(flips=True, crops=1)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(feature_cache, "SHARD_PHOTOS", 3)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Eight files, three shards."""
    paths = [tmp_path / f"photo{number}.png" for number in range(8)]
    for number, path in enumerate(paths):
        path.write_bytes(bytes(number + 1))
    return paths


def pixels_of(photo: Path, view: View) -> torch.Tensor:
    generator = torch.Generator().manual_seed(sum(photo.name.encode()) + 2 * view.crop)
    pixels = torch.randn(3, 2, 5, generator=generator)
    return pixels.flip(-1) if view.mirrored else pixels


def read(photo: Path, views) -> torch.Tensor:
    return torch.stack([pixels_of(photo, view) for view in views])


def extract(pixels: torch.Tensor) -> torch.Tensor:
    return pixels.permute(0, 2, 3, 1) * 3


def open_cache(files, folder: Path, fingerprint: str = "first", views=VIEWS) -> FeatureCache:
    return FeatureCache(folder, files, views, fingerprint, part_photos=16)


def test_cached_equals_fresh_to_rounding(files, tmp_path):
    cache = open_cache(files, tmp_path / "cache")
    assert cache.build(read, extract) == 8
    photos, views = [7, 0, 3, 3, 2], [0, 3, 1, 2, 0]
    features = cache.read(photos, views)
    fresh = [
        extract(pixels_of(files[photo], VIEWS[view])[None])[0]
        for photo, view in zip(photos, views, strict=True)
    ]
    assert features.dtype == torch.float32
    torch.testing.assert_close(
        features, torch.stack(fresh), atol=0.04, rtol=0
    )  # half a step of a range of 20


def test_the_next_photos_are_read_while_the_backbone_works(files, tmp_path):
    started = {photo: threading.Event() for photo in files}

    def noted(photo: Path, views) -> torch.Tensor:
        started[photo].set()
        return read(photo, views)

    def works(pixels: torch.Tensor) -> torch.Tensor:
        assert all(
            started[photo].wait(5) for photo in files[3:6]
        )  # of the second shard, while the first is computed
        return extract(pixels)

    ahead, plain = open_cache(files, tmp_path / "ahead"), open_cache(files, tmp_path / "plain")
    assert ahead.build(noted, works, num_threads=3) == plain.build(read, extract) == 8
    everything = list(range(8)), [2] * 8
    assert torch.equal(ahead.read(*everything), plain.read(*everything))


def test_built_once_for_all(files, tmp_path):
    open_cache(files, tmp_path / "cache").build(read, extract)
    again = open_cache(files, tmp_path / "cache")
    assert again.build(lambda *_: pytest.fail("read again"), extract) == 0
    assert again.read([0], [0]).shape == (1, 2, 5, 3)


def test_features_are_mapped_rather_than_loaded(files, tmp_path):
    cache = open_cache(files, tmp_path / "cache")
    cache.build(read, extract)
    cache.read([0], [0])
    assert all(
        isinstance(steps, np.memmap) and steps.dtype == np.uint8
        for steps, _ in (shard.arrays for shard in cache._shards)
    )
    assert {path.suffix for path in (tmp_path / "cache").iterdir()} == {".npy", ".json"}


def test_a_channels_rounding_is_half_a_step_of_its_own_range(files, tmp_path):
    scales = torch.tensor([1e-3, 1.0, 1e3])
    cache = open_cache(files, tmp_path / "cache")
    cache.build(
        read, lambda pixels: (extract(pixels) * scales).index_fill(-1, torch.tensor([2]), 7.0)
    )
    fresh = torch.stack([extract(pixels_of(photo, VIEWS[0])[None])[0] for photo in files]) * scales
    cached = cache.read(range(len(files)), [0] * len(files))
    assert torch.equal(
        cached[..., 2], torch.full_like(cached[..., 2], 7.0)
    )  # one value alone, to the bit
    for channel in (0, 1):
        all_views = torch.cat(
            [cache.read(range(len(files)), [view] * len(files)) for view in range(len(VIEWS))]
        )
        half_a_step = (all_views[..., channel].max() - all_views[..., channel].min()) / 255 / 2
        assert (cached - fresh)[..., channel].abs().max() <= 1.001 * half_a_step


def test_features_that_are_no_numbers_are_named(files, tmp_path):
    with pytest.raises(CacheError, match="no numbers"):
        open_cache(files, tmp_path / "cache").build(
            read, lambda pixels: extract(pixels) * torch.nan
        )
    assert not list(tmp_path.glob("cache/*"))


def test_a_disk_that_is_too_small_is_told_before_the_work(files, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(
        shutil, "disk_usage", lambda folder: usage._replace(free=8 * len(VIEWS) * 2 * 5 * 3 - 1)
    )
    seen = []
    with pytest.raises(CacheError, match=r"data\.cache_limit_gb"):
        open_cache(files, tmp_path / "cache").build(
            read, lambda pixels: seen.append(pixels) or extract(pixels)
        )
    assert len(seen) == 1 and not list(tmp_path.glob("cache/*"))


def test_a_cache_of_an_earlier_form_is_made_again(files, tmp_path, monkeypatch):
    monkeypatch.setattr(feature_shard, "FORMAT", "float16")
    open_cache(files, tmp_path / "cache").build(read, extract)
    monkeypatch.undo()
    monkeypatch.setattr(feature_cache, "SHARD_PHOTOS", 3)
    assert open_cache(files, tmp_path / "cache").build(read, extract) == 8


def test_interrupted_build_goes_on(files, tmp_path):
    def stops(photo: Path, views) -> torch.Tensor:
        if photo == files[4]:
            raise KeyboardInterrupt
        return read(photo, views)

    with pytest.raises(KeyboardInterrupt):
        open_cache(files, tmp_path / "cache").build(stops, extract)
    cache = open_cache(files, tmp_path / "cache")
    assert cache.build(read, extract) == 5
    untouched = open_cache(files, tmp_path / "whole")
    untouched.build(read, extract)
    everything = list(range(8)), [1] * 8
    assert torch.equal(cache.read(*everything), untouched.read(*everything))


def changed_size(files):
    files[4].write_bytes(bytes(99))


def changed_content(files):
    content = bytearray(files[4].read_bytes())
    content[0] ^= 1
    files[4].write_bytes(content)
    os.utime(files[4], ns=(1, 1))


@pytest.mark.parametrize("change", [changed_size, changed_content])
def test_changed_file_makes_its_shard_stale(files, tmp_path, change):
    open_cache(files, tmp_path / "cache").build(read, extract)
    change(files)
    assert open_cache(files, tmp_path / "cache").build(read, extract) == 3


def test_files_that_are_only_newer_are_compared_once(files, tmp_path, monkeypatch):
    open_cache(files, tmp_path / "cache").build(read, extract)
    for file in files:
        os.utime(file, ns=(1, 1))
    assert open_cache(files, tmp_path / "cache").build(read, extract) == 0
    monkeypatch.setattr(FeatureShard, "_checksums", lambda *_: pytest.fail("compared again"))
    assert open_cache(files, tmp_path / "cache").build(read, extract) == 0


@pytest.mark.parametrize("content", ["", "{", "{}", "[]"])
def test_damaged_description_makes_its_shard_stale(files, tmp_path, content):
    open_cache(files, tmp_path / "cache").build(read, extract)
    min((tmp_path / "cache").glob("*.json")).write_text(content)
    assert 0 < open_cache(files, tmp_path / "cache").build(read, extract) < 8


@pytest.mark.parametrize(
    "changes", [{"fingerprint": "second"}, {"views": VIEWS[:2]}, {"views": VIEWS[::-1]}]
)
def test_other_backbone_or_views_make_all_stale(files, tmp_path, changes):
    open_cache(files, tmp_path / "cache").build(read, extract)
    cache = open_cache(files, tmp_path / "cache", **changes)
    assert cache.build(lambda *views: 2 * read(*views), extract) == 8
    expected = 2 * extract(pixels_of(files[5], cache.views[1])[None])
    torch.testing.assert_close(cache.read([5], [1]), expected, atol=0.08, rtol=0)


def test_other_photos_share_the_folder(files, tmp_path):
    open_cache(files[:5], tmp_path / "cache").build(read, extract)
    assert open_cache(files[5:], tmp_path / "cache").build(read, extract) == 3
    assert open_cache(files[:5], tmp_path / "cache").build(read, extract) == 0


def test_full_disk_leaves_finished_shards(files, tmp_path, monkeypatch):
    save, calls = np.save, []

    def fills_up(file, array) -> None:
        calls.append(file)
        if len(calls) == 3:
            file.write(b"half a file")
            raise OSError(errno.ENOSPC, "No space left on device")
        save(file, array)

    monkeypatch.setattr(np, "save", fills_up)
    with pytest.raises(CacheError, match="No space left on device"):
        open_cache(files, tmp_path / "cache").build(read, extract)
    assert len(list((tmp_path / "cache").iterdir())) == 3
    assert open_cache(files, tmp_path / "cache").build(read, extract) == 5


def test_folder_that_cannot_be_made_is_named(files, tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(CacheError, match=str(tmp_path / "cache")):
        open_cache(files, tmp_path / "cache").build(read, extract)


def test_missing_photo_is_named(files, tmp_path):
    files[2].unlink()
    with pytest.raises(MissingImageError, match=r"photo2\.png"):
        open_cache(files, tmp_path / "cache")


def test_reading_what_was_not_built_is_named(files, tmp_path):
    with pytest.raises(CacheError, match="cannot be read"):
        open_cache(files, tmp_path / "cache").read([0], [0])


@pytest.mark.parametrize("name", ["?" * 16 + ".npy", "*.range.npy"])
def test_broken_shard_is_named(files, tmp_path, name):
    open_cache(files, tmp_path / "cache").build(read, extract)
    for path in (tmp_path / "cache").glob(name):
        path.write_bytes(path.read_bytes()[:90])
    with pytest.raises(CacheError, match="remove it to build it again"):
        open_cache(files, tmp_path / "cache").read([0], [0])
