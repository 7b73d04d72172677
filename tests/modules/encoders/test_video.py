"""A clip's frames, each seen by the same backbone as a photo, and their order."""

import torch

from captioner.config import ImageEncoderConfig, VideoEncoderConfig
from captioner.modules.encoders import ImageEncoder, VideoEncoder


def encoder(**settings: int) -> VideoEncoder:
    torch.manual_seed(0)
    return VideoEncoder(
        VideoEncoderConfig(backbone="test_resnet", weights="none", dim=7, **settings)
    ).train(False)


def test_each_frame_is_seen_as_a_photo_is():
    video, image = (
        encoder(),
        ImageEncoder(ImageEncoderConfig(backbone="test_resnet", weights="none", dim=7)),
    )
    image.backbone.load_state_dict(video.backbone.state_dict())
    clips = torch.randn(2, 3, 3, 64, 96)
    features = video.frozen_features(clips)
    for clip in range(2):
        torch.testing.assert_close(
            features[clip], image.frozen_features(clips[clip]).mean((1, 2)), atol=1e-5, rtol=1e-4
        )
    assert video.fingerprint() == image.fingerprint()


def test_cached_features_give_the_same_memory():
    video, clips = encoder(), torch.randn(2, 3, 3, 64, 96)
    assert torch.equal(video.embed(video.frozen_features(clips)).keys, video(clips).keys)


def test_convolutions_see_the_order_of_frames():
    clips = torch.randn(1, 4, 3, 64, 96)
    ordered, reversed_ = (encoder()(one).keys for one in (clips, clips.flip(1)))
    assert not torch.allclose(ordered.flip(1), reversed_, atol=1e-3)
    alone, alone_reversed = (encoder(num_blocks=0)(one).keys for one in (clips, clips.flip(1)))
    torch.testing.assert_close(alone.flip(1), alone_reversed, atol=1e-4, rtol=1e-4)


def test_the_backbone_is_frozen_and_never_saved():
    published = VideoEncoder(
        VideoEncoderConfig(backbone="test_resnet", weights="hub", dim=7)
    ).train()
    assert not published.backbone.training and published.blocks.training
    kept = published.state_dict().keys() - published.published_names()
    assert kept and not any(name.startswith("backbone.") for name in kept)
    assert {name for name, one in published.named_parameters() if one.requires_grad} == kept
