"""Between text and token ids: trains a tokenizer on captions and wraps it as transformers' fast tokenizer."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from captioner.errors import EmptyDataError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD, BOS, EOS, UNK = "<pad>", "<s>", "</s>", "<unk>"
SPECIAL_TOKENS = (PAD, BOS, EOS, UNK)

# A word with its inner hyphens, or the part of a contraction that stays glued to the word before it ('s, 't, 're).
WORD_PATTERN = r"[\p{L}\p{N}]+(?:-[\p{L}\p{N}]+)*|'\p{L}{1,2}\b"


def train_word_tokenizer(texts: Iterable[str], min_count: int, max_vocab_size: int) -> "PreTrainedTokenizerFast":
    """Learn a vocabulary of lower-case words without punctuation.

    Args:
        texts: Captions as people wrote them.
        min_count: A word seen less often becomes `<unk>`.
        max_vocab_size: The most entries kept, the four special tokens included; the most frequent words win.

    Raises:
        EmptyDataError: No word is frequent enough.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordLevel(unk_token=UNK))
    typographic = normalizers.Replace("’", "'")
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase(), typographic])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(WORD_PATTERN), behavior="removed", invert=True)
    tokenizer.decoder = decoders.Sequence(
        [decoders.WordPiece(prefix="##", cleanup=False), decoders.Replace(" '", "'"), decoders.Fuse()]
    )
    trainer = trainers.WordLevelTrainer(
        vocab_size=max_vocab_size, min_frequency=min_count, special_tokens=list(SPECIAL_TOKENS), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    if tokenizer.get_vocab_size() <= len(SPECIAL_TOKENS):
        raise EmptyDataError(f"no word occurs {min_count} times: lower data.min_word_count or add captions")
    return wrap_tokenizer(tokenizer)


def wrap_tokenizer(tokenizer: object) -> "PreTrainedTokenizerFast":
    """Give a tokenizer of Hugging Face's `tokenizers` the interface and the files of transformers."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token=PAD,
        bos_token=BOS,
        eos_token=EOS,
        unk_token=UNK,
        clean_up_tokenization_spaces=False,
    )
