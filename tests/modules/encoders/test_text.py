"""Padding leaks nowhere, order and neighbours count, and the tables of embeddings are one where
the config says so.
"""

import pytest
import torch

from captioner.config import TextEncoderConfig
from captioner.errors import ConfigError, ShapeError
from captioner.modules.encoders import TextEncoder, build_encoder
from captioner.modules.memory import TokenLayout
from captioner.preprocess.text import SourceTokens, pad_sources

PAD, EOS, VOCAB = 0, 2, 17


def build(**settings: object) -> TextEncoder:
    torch.manual_seed(0)
    fields = {"embedding_dim": 5, "dim": 7, "num_layers": 3, "max_positions": 12, **settings}
    return TextEncoder(TextEncoderConfig(**fields), VOCAB, PAD).train(False)


def longer(inputs: SourceTokens, columns: int, token_id: int) -> SourceTokens:
    """The same sentences with more columns of padding, in all of which some token stands."""
    token_ids = torch.nn.functional.pad(inputs.token_ids, (0, columns), value=token_id)
    mask = torch.nn.functional.pad(inputs.mask, (0, columns), value=False)
    return SourceTokens(torch.where(mask, token_ids, token_id), mask)


def sentences() -> SourceTokens:
    return pad_sources([[5, 9, 4], [7], [], [4, 4, 6, 9, 9]], EOS, PAD)


@pytest.mark.parametrize("kernel_size", [1, 3, 7])
@pytest.mark.parametrize("token_id", [5, EOS, VOCAB - 1])
def test_what_stands_in_the_padding_changes_nothing_at_all(kernel_size, token_id):
    encoder = build(kernel_size=kernel_size)
    plain, other = encoder(sentences()), encoder(longer(sentences(), 0, token_id))
    assert not torch.equal(sentences().token_ids, longer(sentences(), 0, token_id).token_ids)
    for name in ("keys", "values", "mask"):
        assert torch.equal(getattr(plain, name), getattr(other, name)), name


@pytest.mark.parametrize("kernel_size", [1, 3, 7])
@pytest.mark.parametrize("columns", [1, 4])
def test_how_much_padding_there_is_changes_nothing(kernel_size, columns):
    encoder = build(kernel_size=kernel_size)
    plain, padded = encoder(sentences()), encoder(longer(sentences(), columns, 9))
    assert not padded.mask[:, -columns:].any()
    assert not padded.keys[:, -columns:].any()
    assert not padded.values[:, -columns:].any()
    torch.testing.assert_close(padded.keys[:, :-columns], plain.keys, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(padded.values[:, :-columns], plain.values, atol=1e-6, rtol=1e-5)


def test_no_gradient_comes_out_of_the_padding():
    encoder = build().train()
    inputs = longer(sentences(), 2, 9)
    inputs = SourceTokens(torch.where(inputs.mask, inputs.token_ids, VOCAB - 1), inputs.mask)
    memory = encoder(inputs)
    (memory.keys.square().sum() + memory.values.square().sum()).backward()
    touched = encoder.embedding.weight.grad.abs().sum(1) > 0
    real = torch.zeros(VOCAB, dtype=torch.bool)
    real[inputs.token_ids[inputs.mask]] = True
    assert torch.equal(touched, real)


def test_each_token_sees_its_neighbours_and_no_others():
    encoder = build(num_layers=1, kernel_size=3)
    first, second = ([5, 9, 4, 6, 7], [5, 9, 4, 6, 8])
    memory = [encoder(pad_sources([ids], EOS, PAD)).keys[0] for ids in (first, second)]
    seen = (memory[0] - memory[1]).abs().sum(1) > 1e-6
    assert seen.tolist() == [False, False, False, True, True, True]


def test_the_order_of_tokens_counts_even_without_neighbours():
    encoder = build(kernel_size=1)
    there, back = (encoder(pad_sources([ids], EOS, PAD)) for ids in ([5, 9], [9, 5]))
    assert not torch.allclose(there.keys[0, 0], back.keys[0, 1], atol=1e-4)


def test_keys_and_values_are_two_readings():
    memory = build()(sentences())
    assert not torch.allclose(memory.keys[memory.mask], memory.values[memory.mask], atol=1e-3)
    assert isinstance(memory.layout, TokenLayout)


def test_an_empty_sentence_has_its_end_to_look_at():
    memory = build()(pad_sources([[], []], EOS, PAD))
    assert memory.mask.tolist() == [[True], [True]]


def test_a_sentence_that_is_too_long_is_an_error():
    encoder = build()
    assert encoder(pad_sources([[5] * 11], EOS, PAD)).keys.shape == (1, 12, 7)
    with pytest.raises(ShapeError, match="13 tokens: the encoder has 12 positions"):
        encoder(pad_sources([[5] * 12], EOS, PAD))


def test_it_is_built_by_its_settings():
    assert isinstance(build_encoder(TextEncoderConfig(dim=7), VOCAB, PAD), TextEncoder)
    assert not build().embedding.weight[PAD].any()
    assert build().published_names() == frozenset()
    assert build().fingerprint() == ""


def test_source_and_target_share_a_table_where_the_config_says_so(make_sentence_model, tmp_path):
    from captioner.model.captioner_model import CaptionerModel

    shared = make_sentence_model()
    assert shared.encoder.embedding.weight is shared.decoder.embedding.weight
    apart = make_sentence_model(encoder={"share_embeddings": False})
    assert apart.encoder.embedding.weight is not apart.decoder.embedding.weight
    for name, model in (("shared", shared), ("apart", apart)):
        model.save_pretrained(tmp_path / name)
        loaded = CaptionerModel.from_pretrained(tmp_path / name)
        assert (loaded.encoder.embedding.weight is loaded.decoder.embedding.weight) == (
            name == "shared"
        )
        for key, tensor in model.state_dict().items():
            assert torch.equal(loaded.state_dict()[key], tensor), key
    sizes = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("shared", "apart")]
    assert sizes[1] - sizes[0] >= 300 * 10 * 4


@pytest.mark.parametrize("decoder", [{"embedding_dim": 9}, {"tie_embeddings": False}])
def test_tables_that_cannot_be_one_are_named(make_sentence_model, decoder):
    with pytest.raises(ConfigError, match="share_embeddings"):
        make_sentence_model(decoder=decoder)


def test_an_even_kernel_is_named():
    with pytest.raises(ValueError, match=r"kernel_size \(4\) must be odd"):
        TextEncoderConfig(kernel_size=4)
