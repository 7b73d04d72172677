"""Models of transformers caption through our interface: tiny ones with random weights, made
here.
"""

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import Tensor

from captioner.batch import caption_files
from captioner.errors import ConfigError, ModelError, UsageError
from captioner.pipeline import load
from captioner.pipeline.hugging_face import written

WORDS = "[PAD] [UNK] [CLS] [SEP] a red green photo dog runs on the left".split()


def save_tokenizer(folder: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(
        models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", None, [("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
    }
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="[CLS]", eos_token="[SEP]", **special
    ).save_pretrained(folder)


TEXT = {"vocab_size": len(WORDS), "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
TEXT |= {"num_attention_heads": 2, "max_position_embeddings": 32}
VISION = {
    "hidden_size": 8,
    "intermediate_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
}
VISION |= {"image_size": 32, "patch_size": 16}
ENDS = {"bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}


def save_blip(folder: Path) -> None:
    from transformers import BlipConfig, BlipForConditionalGeneration, BlipImageProcessor

    text = TEXT | ENDS | {"sep_token_id": 3, "encoder_hidden_size": 8, "projection_dim": 8}
    config = BlipConfig(
        text_config=text, vision_config=VISION | {"projection_dim": 8}, projection_dim=8
    )
    BlipForConditionalGeneration(config).save_pretrained(folder)
    BlipImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)


def save_git(folder: Path) -> None:
    from transformers import CLIPImageProcessor, GitConfig, GitForCausalLM

    config = GitConfig(vision_config=VISION, **TEXT, **ENDS, num_image_with_embedding=None)
    GitForCausalLM(config).save_pretrained(folder)
    CLIPImageProcessor(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    ).save_pretrained(folder)


def save_vit_gpt2(folder: Path) -> None:
    from transformers import (
        GPT2Config,
        VisionEncoderDecoderConfig,
        VisionEncoderDecoderModel,
        ViTConfig,
        ViTImageProcessor,
    )

    decoder = GPT2Config(
        vocab_size=len(WORDS), n_embd=8, n_layer=1, n_head=2, n_positions=32, **ENDS
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(ViTConfig(**VISION), decoder)
    config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = 2, 0, 3
    VisionEncoderDecoderModel(config).save_pretrained(folder)
    ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)


@pytest.fixture(
    scope="module", params=[save_blip, save_git, save_vit_gpt2], ids=lambda save: save.__name__
)
def folder(request, tmp_path_factory) -> Path:
    """The folder of one of the models."""
    folder = tmp_path_factory.mktemp("model") / "tiny"
    folder.mkdir()
    torch.manual_seed(1)
    request.param(folder)
    save_tokenizer(folder)
    return folder


@pytest.fixture(scope="module")
def model(folder):
    return load(f"hf:{folder}", "cpu")


@pytest.mark.parametrize(
    "options",
    [{}, {"beam_size": 1}, {"num_captions": 3}, {"sample": True, "num_captions": 2}],
    ids=str,
)
def test_photos_get_captions_with_probabilities(model, photos, options):
    results = model.caption(photos[:3], max_length=6, **options)
    assert model.name == "tiny" and len(results) == 3
    for result in results:
        assert len(result.candidates) == options.get("num_captions", 1)

        for candidate in result.candidates:
            assert len(candidate.words) <= 6 and "[" not in candidate.text
            assert candidate.text == " ".join(candidate.words)
            assert len(candidate.word_log_probs) == len(candidate.words) == len(candidate.attention)
            assert candidate.log_prob - 1e-4 <= sum(candidate.word_log_probs) <= 0
            assert 0 < candidate.confidence <= 1 and not candidate.attention.size


def test_a_beams_probabilities_are_the_models_own(model, photos):
    """The sum over the tokens, end included, is what transformers ranked by, undone of the
    length's part.
    """
    pixels = torch.stack([model.preprocess(model.preprocess.read(photo)) for photo in photos[:2]])
    output = model.model.generate(
        pixel_values=pixels, num_beams=3, max_new_tokens=5, return_dict_in_generate=True,
        output_logits=True,
        output_scores=True, length_penalty=0.0, do_sample=False,
    )  # fmt: skip
    _, log_probs, real = written(output, [3])
    torch.testing.assert_close((log_probs * real).sum(1), output.sequences_scores)


def test_what_follows_the_end_is_not_counted():
    class Output:
        sequences = torch.tensor([[2, 4, 3, 0, 0], [2, 4, 5, 6, 3]])
        logits: tuple[Tensor, ...] = tuple(torch.zeros(2, 8) for _ in range(4))

    token_ids, log_probs, real = written(Output(), [3])
    assert token_ids.tolist() == [[4, 3, 0, 0], [4, 5, 6, 3]]
    assert real.tolist() == [[True, True, False, False], [True] * 4]
    torch.testing.assert_close(log_probs, torch.full((2, 4), -torch.tensor(8.0).log().item()))


def test_folders_are_run_as_with_our_own_models(model, photos, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    done = list(caption_files(model, [photos[0], broken, photos[1]], model.options(max_length=4)))
    assert [one.record.error is None for one in done] == [True, False, True]
    assert done[0].record.caption == model.caption(photos[0], max_length=4).text


def test_the_same_seed_draws_the_same(model, photos):
    first, again = (model.caption(photos[:2], sample=True, seed=5, max_length=6) for _ in range(2))
    assert [one.text for one in first] == [one.text for one in again]


@pytest.mark.parametrize(
    "options",
    [{"banned_words": ("dog",)}, {"num_groups": 5}, {"begin": "a"}, {"hint": ("dog",)}],
    ids=str,
)
def test_options_that_transformers_lacks_are_named(model, photos, options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        model.caption(photos[0], **options)


def test_weights_must_be_whole_and_safetensors(folder, tmp_path):
    from safetensors.torch import load_file, save_file

    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(folder / "model.safetensors")
    lost = next(name for name in weights if name.endswith("weight"))
    save_file(
        {name: weight for name, weight in weights.items() if name != lost},
        tmp_path / "model.safetensors",
        {"format": "pt"},
    )
    with pytest.raises(ModelError, match="missing"):
        load(f"hf:{tmp_path}", "cpu")
    (tmp_path / "model.safetensors").unlink()
    torch.save(weights, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match="safetensors"):
        load(f"hf:{tmp_path}", "cpu")


def test_no_other_engine_runs_them(folder):
    with pytest.raises(UsageError, match="torch"):
        load(f"hf:{folder}", "cpu", "onnx")


def test_what_is_no_captioner_is_named(model_folder, tmp_path):
    for name in (model_folder, tmp_path):
        with pytest.raises(ModelError, match="captioner of transformers"):
            load(f"hf:{name}", "cpu")
