"""Trains tokenizers of words, labels or subwords, in the form that transformers uses."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from captioner.errors import EmptyDataError, ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

PAD, BOS, EOS, UNK = "<pad>", "<s>", "</s>", "<unk>"
SPECIAL_TOKENS = (PAD, BOS, EOS, UNK)
NUM_BYTES = 256

# Characters of scripts without spaces between words, in which each character is a token. Thai, Lao
# and Khmer are not among them.
SIGN = r"[\p{Han}\p{Hiragana}\p{Katakana}ー]"
# Marks that belong to the letter before them, such as the vowels of Hindi, but not variation
# selectors, which choose a glyph or an emoji.
MARK = r"[\p{Mn}\p{Mc}&&[^\x{FE00}-\x{FE0F}\x{E0100}-\x{E01EF}]]"
LETTER = rf"[\p{{L}}\p{{N}}&&[^{SIGN[1:-1]}]]"
# A word may also contain joiners, the apostrophe of Ukrainian and Hebrew, the abbreviation marks of
# Hebrew, and l·l in Catalan.
INSIDE = (
    rf"[\x{{200C}}\x{{200D}}](?={LETTER}|{MARK})|(?<=[\p{{L}}&&[^\p{{Latin}}]])'(?=[\p{{L}}&&[^\p{{Latin}}]])"
    r"|(?<=\p{Hebrew})[\"׳״](?=\p{Hebrew})|(?<=l)·(?=l)"
)
PART = rf"(?>{LETTER}(?:{LETTER}|{MARK}|{INSIDE})*)"
WORD = rf"(?>{PART}(?:-{PART})*)"
VOWEL = r"[aeiouyhœà-æè-ïò-öø-ý]"
# An elided word is a token with its apostrophe, apart from the next word: l' homme, dell' acqua.
# Either the next word is long enough not to be an English ending (you'd), or the first one is an
# elided French word.
ELIDED = (
    rf"{WORD}'(?={VOWEL}\p{{L}}{{2}})|\b(?:[cdjlmnst]|qu|lorsqu|puisqu|jusqu)'(?={VOWEL}\p{{L}}?\b)"
)
# A word with its inner hyphens, or the part of a contraction that is written without a space ('s,
# 't, 're).
WORD_PATTERN = rf"{ELIDED}|{WORD}|'\p{{L}}{{1,2}}\b|{SIGN}{MARK}*"
# Spaces that joining puts between such characters, or between them and numbers, and that are
# removed since nobody writes them.
NO_SPACE = rf"(?<={SIGN}|{SIGN}{MARK}) (?={SIGN}|\p{{N}})|(?<=\p{{N}}) (?={SIGN})"
# NFKC splits a vowel of Thai and Lao that is always written as one; this puts it together again.
WHOLE_VOWELS = {"\u0e4d\u0e32": "\u0e33", "\u0ecd\u0eb2": "\u0eb3"}

# No subword spans more than one of these: letters with their marks, a single digit, a run of other
# characters, or white space. A space belongs to what follows it.
SUBWORD_PATTERN = r" ?[\p{L}\p{M}]+| ?\p{N}| ?[^\s\p{L}\p{M}\p{N}]+|\s+(?!\S)|\s+"


def train_word_tokenizer(
    texts: Iterable[str], min_count: int, max_vocab_size: int, languages: Sequence[str] = ()
) -> "PreTrainedTokenizerFast":
    """Learn a vocabulary of lower-case words without punctuation.

    Spaces and punctuation separate words, in any script. Chinese and Japanese, which have no
    spaces, are cut into single characters, and decoded without spaces. In texts of other languages
    without spaces, such as Thai, words must be separated by spaces first.

    Args:
        texts: Captions as people wrote them.
        min_count: A word seen less often becomes `<unk>`.
        max_vocab_size: The most entries, special tokens included; the most frequent words are kept.
        languages: Codes of the languages to write, if there are several. Each gets a token such as
            `<de>`, with which its texts begin.

    Raises:
        EmptyDataError: No word is frequent enough.
    """
    from tokenizers import Tokenizer, models, trainers

    tokenizer = Tokenizer(models.WordLevel(unk_token=UNK))
    _set_word_rules(tokenizer)
    trainer = trainers.WordLevelTrainer(
        vocab_size=max_vocab_size,
        min_frequency=min_count,
        special_tokens=[*SPECIAL_TOKENS, *map(language_token, languages)],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if tokenizer.get_vocab_size() <= len(SPECIAL_TOKENS) + len(languages):
        raise EmptyDataError(
            f"no word occurs {min_count} times: lower data.min_word_count or add captions"
        )
    return wrap_tokenizer(tokenizer)


def _set_word_rules(tokenizer: "Tokenizer") -> None:
    """Set how a text is cut into words, and how words are joined to a text again."""
    from tokenizers import Regex, decoders, normalizers, pre_tokenizers

    replaced = [normalizers.Replace(*pair) for pair in ({"’": "'"} | WHOLE_VOWELS).items()]
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Lowercase(), *replaced]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(
        Regex(WORD_PATTERN), behavior="removed", invert=True
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.WordPiece(prefix="##", cleanup=False),
            decoders.Replace(" '", "'"),
            decoders.Fuse(),
            decoders.Replace("' ", "'"),
            decoders.Replace(Regex(NO_SPACE), ""),
        ]
    )


def words_of(text: str, tokenizer: "PreTrainedTokenizerFast") -> frozenset[str]:
    """Return the distinct words into which a word tokenizer cuts a text, known or unknown."""
    return frozenset(_cut(text, tokenizer.backend_tokenizer))


def with_new_words(
    tokenizer: "PreTrainedTokenizerFast",
    texts: Iterable[str],
    min_count: int,
    max_vocab_size: int,
    languages: Sequence[str] = (),
) -> "PreTrainedTokenizerFast":
    """Return a word tokenizer with more words; the words that it has keep their numbers.

    Texts are cut by the current rules, even if an earlier version made the tokenizer.

    Args:
        tokenizer: The tokenizer to extend, which is not changed.
        texts: Texts that contain the new words.
        min_count: A word seen less often stays `<unk>`.
        max_vocab_size: The most entries, old and new; the most frequent new words are kept.
        languages: Codes of the languages to write; each one without a token gets one.
    """
    from tokenizers import Tokenizer

    grown = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    _set_word_rules(grown)
    content = json.loads(grown.to_str())
    counts = Counter(word for text in texts for word in _cut(text, grown))
    known = content["model"]["vocab"]
    tokens = [one for one in map(language_token, languages) if one not in known]
    words = sorted(
        (-count, word) for word, count in counts.items() if count >= min_count and word not in known
    )
    room = max(0, max_vocab_size - len(known) - len(tokens))
    for token in [*tokens, *(word for _, word in words[:room])]:
        known[token] = len(known)
    grown = Tokenizer.from_str(json.dumps(content))
    grown.add_special_tokens(tokens)
    return wrap_tokenizer(grown)


def _cut(text: str, tokenizer: "Tokenizer") -> list[str]:
    plain = tokenizer.normalizer.normalize_str(text)
    return [word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(plain)]


def train_label_tokenizer(labels: Iterable[str]) -> "PreTrainedTokenizerFast":
    """Make a tokenizer in which each label is one word, so that a label is a text of one word.

    Raises:
        EmptyDataError: There are no labels.
    """
    from tokenizers import Tokenizer, models

    words = sorted(set(labels) - set(SPECIAL_TOKENS))
    if not words:
        raise EmptyDataError("there are no labels to learn")
    vocabulary = {word: number for number, word in enumerate((*SPECIAL_TOKENS, *words))}
    return wrap_tokenizer(Tokenizer(models.WordLevel(vocabulary, unk_token=UNK)))


def language_token(language: str) -> str:
    """Return the token with which texts of a language begin, such as `<de>`."""
    return f"<{language}>"


def language_ids(tokenizer: "PreTrainedTokenizerFast", languages: Iterable[str]) -> dict[str, int]:
    """Return, for each language, the id of the token with which its texts begin.

    Raises:
        ModelError: The tokenizer was trained without one of the languages.
    """
    found = {}
    for language in sorted(set(languages)):
        token_id = tokenizer.get_vocab().get(language_token(language))
        if token_id is None:
            raise ModelError(
                f"the model has no token for texts in {language!r}: train one anew, with all"
                " languages"
            )
        found[language] = token_id
    return found


def train_bpe_tokenizer(
    texts: Iterable[str], vocab_size: int, languages: Sequence[str] = ()
) -> "PreTrainedTokenizerFast":
    """Learn to cut text into frequent subwords, down to single bytes (byte-level BPE).

    No text has unknown tokens, and decoding is exact.

    Args:
        texts: Sentences as people wrote them, of one language or several.
        vocab_size: Number of entries, the special tokens and the 256 bytes included.
        languages: Codes of the languages to write, if there are several. Each gets a token such as
            `<de>`, with which its texts begin.

    Raises:
        EmptyDataError: There is no text, or no part of it occurs twice.

    Source:
        Sennrich et al. 2016, arXiv:1508.07909, section 3.2, with one vocabulary for all languages.
        Bytes as the smallest units are from Radford et al. 2019, "Language Models are Unsupervised
        Multitask Learners", section 2.2.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    # With this space, a word has the same subwords at the beginning of a text as within it.
    tokenizer.normalizer = normalizers.Prepend(" ")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SUBWORD_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 0)])
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[*SPECIAL_TOKENS, *map(language_token, languages)],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if tokenizer.get_vocab_size() <= len(SPECIAL_TOKENS) + len(languages) + NUM_BYTES:
        raise EmptyDataError(
            "the tokenizer learnt nothing: there is no text, or no part of it occurs twice"
        )
    return wrap_tokenizer(tokenizer)


def wrap_tokenizer(tokenizer: object) -> "PreTrainedTokenizerFast":
    """Give a tokenizer of `tokenizers` the interface and the files of transformers."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token=PAD,
        bos_token=BOS,
        eos_token=EOS,
        unk_token=UNK,
        clean_up_tokenization_spaces=False,
        split_special_tokens=True,  # text that looks like a special token is text
    )


def words_of_subwords(subwords: Sequence[str]) -> list[int | None]:
    """Return the word, counted from 0, that each subword belongs to; None for white space.

    White space separates words, as in `str.split`. A subword that spans two words belongs to the
    later one.

    Args:
        subwords: As the tokenizer writes them, one character for each byte. A model may also write
            bytes that form no character; those count as part of a word.
    """
    text = bytes(map(BYTE_OF_SIGN.__getitem__, "".join(subwords))).decode(
        "utf-8", "surrogateescape"
    )
    word_of_byte: list[int | None] = []
    word, inside = -1, False
    for sign in text:
        word += not sign.isspace() and not inside
        inside = not sign.isspace()
        word_of_byte += [word if inside else None] * len(sign.encode("utf-8", "surrogateescape"))
    return [word_of_byte[end - 1] for end in accumulate(map(len, subwords))]


def _byte_of_sign() -> dict[str, int]:
    """Return the byte for each character that `ByteLevel` writes.

    Printable bytes are written as themselves, the others as characters from U+0100 on.
    """
    printable = [
        *range(ord("!"), ord("~") + 1),
        *range(ord("¡"), ord("¬") + 1),
        *range(ord("®"), ord("ÿ") + 1),
    ]
    others = [byte for byte in range(NUM_BYTES) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {
        chr(NUM_BYTES + n): byte for n, byte in enumerate(others)
    }


BYTE_OF_SIGN = _byte_of_sign()
