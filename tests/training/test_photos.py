"""Photos come cached or augmented, in order, and the same for the same seed."""

import pytest
import torch
from PIL import Image

from captioner.data.views import View, views_of
from captioner.errors import ConfigError, InputError
from captioner.modules.encoders import ImageEncoder
from captioner.preprocess.image import ImagePreprocessor
from captioner.training.cached_features import CachedFeatures
from captioner.training.photos import AugmentedPhotos, affordable_views, open_photos


@pytest.fixture
def config(tiny_config):
    return tiny_config(
        training={"crops": 1}, image={"mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25)}
    )


@pytest.fixture
def encoder(config) -> ImageEncoder:
    torch.manual_seed(0)
    return ImageEncoder(config.encoder).train(False)


def open_cached(photos, views, encoder, config, folder) -> CachedFeatures:
    return CachedFeatures(photos, views, encoder, ImagePreprocessor(config.image), folder, 1)


def test_cached_features_equal_fresh_ones_to_rounding(photos, encoder, config, tmp_path):
    views = views_of(True, 1)
    cached = open_cached(photos, views, encoder, config, tmp_path)
    assert cached.num_views == 4
    preprocess = ImagePreprocessor(config.image)
    for number, view in enumerate(views):
        image = preprocess.read(photos[3])
        pixels = preprocess.view(image, view.mirrored, view.crop_seed(photos[3]))
        with torch.inference_mode():
            fresh = encoder.features(torch.from_numpy(pixels)[None])
        torch.testing.assert_close(cached.load([3], [number], 0), fresh, atol=2e-3, rtol=2e-3)


def test_cache_is_stale_for_another_backbone_or_image_size(photos, encoder, config, tmp_path):
    features = encoder.features

    def computed(encoder: ImageEncoder, config: object) -> int:
        seen = []
        encoder.features = lambda pixels: seen.append(len(pixels)) or features(pixels)
        open_cached(photos[:2], [View()], encoder, config, tmp_path)
        return sum(seen)

    assert computed(encoder, config) == 2
    assert computed(encoder, config) == 0
    image = config.image.model_copy(update={"max_pixels": 10_000})
    assert computed(encoder, config.model_copy(update={"image": image})) == 0
    image = config.image.model_copy(update={"resize": "pad"})
    assert computed(encoder, config.model_copy(update={"image": image})) == 2
    with torch.no_grad():
        next(encoder.backbone.parameters()).add_(0.1)
    assert computed(encoder, config.model_copy(update={"image": image})) == 2


def test_augmented_photos_depend_on_seed_and_photo_alone(photos, config):
    source = AugmentedPhotos(photos, config, augment=True)
    first, again, other = (
        source.load([2, 5], [0, 0], 7).pixels,
        source.load([5, 2], [0, 0], 7).pixels,
        source.load([2, 5], [0, 0], 8).pixels,
    )
    assert first.dtype == torch.uint8
    assert torch.equal(first, again.flip(0))
    assert not torch.equal(first, other)


def test_fine_tuning_mirrors_only_where_flips_are_wanted(photos, tiny_config, config):
    flips, none = (
        AugmentedPhotos(
            photos,
            tiny_config(training={"flips": wanted}, image=config.image.model_dump()),
            augment=True,
        )
        for wanted in (True, False)
    )
    for seed in range(8):
        first, second = flips.load([0], [0], seed).pixels, none.load([0], [0], seed).pixels
        assert torch.equal(first, second) or torch.equal(first.flip(-1), second)
    assert any(
        not torch.equal(flips.load([0], [0], seed).pixels, none.load([0], [0], seed).pixels)
        for seed in range(8)
    )


def test_photos_for_validation_are_whole(photos, config):
    preprocess = ImagePreprocessor(config.image)
    source = AugmentedPhotos(photos, config, augment=False)
    expected = torch.from_numpy(preprocess(preprocess.read(photos[4])))
    assert torch.equal(source.load([4], [0], 3).to(torch.device("cpu"))[0], expected)


def test_what_frozen_stages_make_is_cached(photos, encoder, config, tmp_path):
    training = open_photos(photos, encoder, config, tmp_path, training=True)
    validation = open_photos(photos, encoder, config, tmp_path, training=False)
    assert isinstance(training, CachedFeatures)
    assert (training.num_views, validation.num_views) == (4, 1)
    tuned = ImageEncoder(config.encoder.model_copy(update={"trainable_from": 4}))
    assert isinstance(open_photos(photos, tuned, config, tmp_path, training=True), CachedFeatures)
    whole = ImageEncoder(config.encoder.model_copy(update={"trainable_from": 0}))
    assert isinstance(open_photos(photos, whole, config, tmp_path, training=True), AugmentedPhotos)


def test_tuned_stages_go_on_from_the_cache_and_do_not_make_it_stale(photos, config, tmp_path):
    tuned = ImageEncoder(config.encoder.model_copy(update={"trainable_from": 4}))
    preprocess = ImagePreprocessor(config.image)
    for _ in range(2):
        source = open_photos(photos, tuned, config, tmp_path, training=False)
        with torch.no_grad():
            pixels = torch.from_numpy(preprocess(preprocess.read(photos[2])))
            expected = tuned.features(pixels[None])
            found = tuned.features_behind(source.load([2], [0], 0))
            torch.testing.assert_close(found, expected, atol=1e-2, rtol=1e-2)
            for name, parameter in tuned.backbone.named_parameters():
                if name in tuned.trainable_names():
                    parameter.mul_(1.5)


@pytest.mark.parametrize("augment", [True, False])
def test_broken_photo_is_named(tmp_path, config, augment):
    path = tmp_path / "broken.png"
    Image.new("RGB", (50, 40)).save(path)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(InputError, match=r"broken\.png"):
        AugmentedPhotos([path], config, augment).load([0], [0], 0)


def test_the_limit_decides_how_many_views_are_kept(photos, encoder, config, tmp_path):
    a_photo_gb = (
        encoder.features(torch.zeros(1, 3, config.image.height, config.image.width)).numel() / 1e9
    )

    def limited(num_bytes: float | None) -> int | None:
        data = config.data.model_copy(
            update={"cache_limit_gb": num_bytes and num_bytes * a_photo_gb}
        )
        return affordable_views(
            encoder, config.model_copy(update={"data": data}), num_train=6, num_val=2
        )

    assert [limited(None), limited(6 * 2 + 2.1), limited(6 * 4 + 2.1)] == [None, 2, 4]
    assert (
        open_photos(
            photos[:6], encoder, config, tmp_path, training=True, most_views=limited(20.1)
        ).num_views
        == 3
    )
    with pytest.raises(ConfigError, match=r"data\.cache_limit_gb: photos in one view take"):
        limited(7.9)
