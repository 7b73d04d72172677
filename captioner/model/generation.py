"""Generates text from a memory: what every model does after its encoder, on any engine."""

from collections.abc import Sequence
from typing import Any

from jaxtyping import Float
from tokenizers import Tokenizer

from captioner.config import SearchConfig
from captioner.errors import ConfigError, ModelError
from captioner.modules.arrays import Array
from captioner.modules.memory import DetectedConcepts, Memory
from captioner.preprocess.casing import with_casing
from captioner.search import Hypothesis, search
from captioner.search.lexical_constraints import check_given, not_known, required, saying, spellings

TEXTS_AT_ONCE = 2_000  # the tokenizer keeps more than ids: gigabytes for all of COCO
NUM_COMMONEST = 20
"""So many of the most common detected words, such as a, man and white, may be repeated. The first 9
or 21 scored alike.
"""

HINT_ODDS = 10.0
"""By how much a hint multiplies the odds of its words; `benchmarks/hints.py` compares others."""


class TextGeneration:
    """Searches for texts, and turns their tokens into strings.

    Attributes:
        config: The model's `config.json`.
        decoder: Has the methods that a search calls.
        tokenizer: Between text and token ids, of tokenizers or wrapped by transformers; None until
            the caller sets it.
        device: What runs the model.
    """

    config: Any
    decoder: Any
    tokenizer: Any
    device: Any

    @property
    def on_cpu(self) -> bool:
        """Whether a CPU runs it."""
        return str(self.device) == "cpu"

    def search(
        self, memory: Memory, options: SearchConfig, languages: Sequence[str] = ()
    ) -> list[list[Hypothesis]]:
        """Find the best texts of each item of a memory.

        `<unk>` and other special tokens are never among their words.

        Args:
            memory: The encoder's output.
            options: How to search.
            languages: The language code of each item's texts; empty for the model's only language.

        Raises:
            ConfigError: A required word, or one of the beginning, is none that the model may write,
                or it detects none of a hint.
            ModelError: The model does not write a language.
        """
        self.hint_ids(options)  # raises for a model that detects no words
        return search(
            self.decoder,
            memory,
            options,
            bos_id=self.first_ids(languages) or self.config.bos_token_id,
            eos_id=self.config.eos_token_id,
            forbidden_ids=self.forbidden_ids(options.banned_words),
            required_ids=self.required_ids(options),
            once_ids=self._once_ids() if options.no_repeat_concepts else (),
            begin_ids=self.begin_ids(options),
        )

    def first_ids(self, languages: Sequence[str]) -> list[int]:
        """Return the token with which a text of each language begins.

        Raises:
            ModelError: The model does not write a language.
        """
        known = self.config.language_ids
        if unknown := [language for language in dict.fromkeys(languages) if language not in known]:
            written = ", ".join(known) or "one language, and is not asked for it"
            raise ModelError(f"the model does not write {', '.join(unknown)}: it writes {written}")
        return [known[language] for language in languages]

    def decode(self, hypotheses: Sequence[Hypothesis], language: str = "") -> list[str]:
        """Return the texts of hypotheses, with the language's capital letters."""
        tokenizer = self._tokenizer()
        casing = self.config.casing.get(language, {})
        return [
            with_casing(tokenizer.decode(list(one.token_ids), skip_special_tokens=True), casing)
            for one in hypotheses
        ]

    def tokenize(self, texts: Sequence[str], max_tokens: int) -> list[list[int]]:
        """Return the token ids of texts, without BOS and EOS, cut off behind `max_tokens`."""
        tokenizer = self._tokenizer()
        parts = (
            list(texts[start : start + TEXTS_AT_ONCE])
            for start in range(0, len(texts), TEXTS_AT_ONCE)
        )
        return [
            one.ids[:max_tokens]
            for part in parts
            for one in tokenizer.encode_batch_fast(part, add_special_tokens=False)
        ]

    def tokenize_targets(
        self, targets: Sequence[Sequence[str]], languages: Sequence[str], max_tokens: int
    ) -> list[list[list[int]]]:
        """Return the token ids that a decoder learns.

        Each text follows the token that the decoder reads first.

        Args:
            targets: The texts of each item.
            languages: Of each item; empty where the model writes one language.
            max_tokens: Texts are cut off behind so many.

        Raises:
            ModelError: The model does not write a language.
        """
        first_ids = self.first_ids(languages) or [self.config.bos_token_id] * len(targets)
        ids = iter(self.tokenize([text for several in targets for text in several], max_tokens))
        return [
            [[first, *next(ids)] for _ in several]
            for first, several in zip(first_ids, targets, strict=True)
        ]

    def tokens(self, token_ids: Sequence[int]) -> list[str]:
        """Return words or subwords as the vocabulary writes them."""
        tokenizer = self._tokenizer()
        return [str(tokenizer.id_to_token(one)) for one in token_ids]

    def forbidden_ids(self, banned_words: tuple[str, ...] = ()) -> list[int]:
        """Return the tokens that are never written: special ones, and words that are banned.

        Raises:
            ConfigError: Words are banned, and the model writes subwords, or one is no word.
        """
        special = [self.config.pad_token_id, self.config.bos_token_id, self.config.unk_token_id]
        special += self.config.language_ids.values()
        banned = [self._saying("banned_words", word) for word in banned_words]
        return special + [token_id for said in banned for token_id in said]

    def required_ids(self, options: SearchConfig) -> list[list[int]]:
        """Return for each required word the tokens of which a caption must have one.

        Raises:
            ConfigError: A word is none that the model may write, or is banned, or there are too
                many.
        """
        if not options.required_words:
            return []
        forbidden = set(self.forbidden_ids(options.banned_words))
        said = [self._saying("required_words", word) for word in options.required_words]
        for word, token_ids in zip(options.required_words, said, strict=True):
            if token_ids and forbidden.issuperset(token_ids):
                raise ConfigError(
                    f"required_words: {word!r} is among banned_words, too: leave it out of one of"
                    " them"
                )
        written = [[one for one in token_ids if one not in forbidden] for token_ids in said]
        return required(options.required_words, written, self._written())

    def begin_ids(self, options: SearchConfig) -> list[int]:
        """Return the tokens that every text begins with.

        Raises:
            ConfigError: A word is none that the model may write, or is banned, or there is no room
                behind them.
        """
        if not options.begin:
            return []
        tokenizer = self._tokenizer()
        check_given("begin", options.begin, self._special())
        found = tokenizer.encode(options.begin, add_special_tokens=False)
        token_ids: list[int] = found.ids
        banned = set(self.forbidden_ids(options.banned_words))
        for token_id, (start, end) in zip(token_ids, found.offsets, strict=True):
            if token_id == self.config.unk_token_id:
                raise not_known("begin", options.begin[start:end], self._written())
            if token_id in banned:
                raise ConfigError(
                    f"begin: {options.begin[start:end]!r} is among banned_words: leave it out of"
                    " one"
                )
        if not token_ids:
            raise ConfigError(f"begin: {options.begin!r} holds no word")
        if len(token_ids) + max(1, len(options.required_words)) > options.max_length:
            raise ConfigError(
                f"begin: behind its {len(token_ids)} tokens max_length ({options.max_length})"
                " leaves too little room: begin with less, or raise max_length"
            )
        return token_ids

    def hint_ids(self, options: SearchConfig) -> list[int]:
        """Return the numbers of a hint's words, in one or the other number, among detected ones.

        Raises:
            ConfigError: The model detects none, or not one of them, or there are too many.
        """
        if not options.hint:
            return []
        known = {
            word: number
            for number, word in enumerate(self.config.encoder.get("concept_words") or ())
        }
        if not known:
            raise ConfigError(
                "hint: this model detects no words: leave it out, or choose one that does"
            )
        if len(options.hint) > self.config.encoder["concepts"]:
            raise ConfigError(
                f"hint: {len(options.hint)} are too many: this model reads"
                f" {self.config.encoder['concepts']}"
            )
        for word in options.hint:
            check_given("hint", word, self._special())
        found = [
            next((known[one] for one in spellings(word) if one in known), None)
            for word in options.hint
        ]
        for word, number in zip(options.hint, found, strict=True):
            if number is None:
                raise not_known("hint", word, list(known), "detect")
        return list(dict.fromkeys(number for number in found if number is not None))

    def hinted(self, memory: Memory, options: SearchConfig) -> Memory:
        """Return what a decoder reads of photos of which the options give a hint.

        Raises:
            ConfigError: As `hint_ids`.
        """
        hint_ids = self.hint_ids(options)
        if not hint_ids or memory.concepts is None:
            return memory
        detected = memory.concepts.hinted(hint_ids, HINT_ODDS)
        return memory.with_concepts(detected, self.embed_concepts(detected))

    def embed_concepts(self, detected: DetectedConcepts) -> Float[Array, "batch concepts dim"]:
        """Return the positions of a memory that hold detected words; an engine says how."""
        raise NotImplementedError

    def _once_ids(self) -> list[int]:
        """Return the tokens of detected words, but for the most common, in order of frequency."""
        words = self.config.encoder.get("concept_words") or ()
        found = self.tokenize(words[NUM_COMMONEST:], 2)
        return [ids[0] for ids in found if len(ids) == 1 and ids[0] != self.config.unk_token_id]

    def _saying(self, option: str, word: str) -> list[int]:
        tokenizer = self._tokenizer()
        # A model of subwords can write the same word in many ways.
        if type(tokenizer.model).__name__ == "BPE":
            raise ConfigError(
                "banned_words and required_words: this model writes subwords, not words; leave"
                " them out"
            )
        check_given(option, word, self._special())

        def encode(texts: list[str]) -> list[list[int]]:
            found = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
            return [one.ids for one in found]

        special = {*self.forbidden_ids(), self.config.eos_token_id}
        return [token_id for token_id in saying(word, encode) if token_id not in special]

    def _special(self) -> list[str]:
        """Return the tokens that are no text, as the vocabulary writes them."""
        added = self._tokenizer().get_added_tokens_decoder().values()
        return [token.content for token in added if token.special]

    def _written(self) -> list[str]:
        """Return the tokens that are text."""
        special = set(self._special())
        return [token for token in self._tokenizer().get_vocab() if token not in special]

    def _tokenizer(self) -> Tokenizer:
        if self.tokenizer is None:
            raise ModelError("the model has no tokenizer: load it with from_pretrained")
        tokenizer: Tokenizer = getattr(self.tokenizer, "backend_tokenizer", self.tokenizer)
        tokenizer.encode_special_tokens = True  # text that looks like one is text
        return tokenizer
