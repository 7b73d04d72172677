"""From a memory to text: what every model does behind its encoder, whatever runs it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from captioner.concepts.forms import forms, with_articles
from captioner.concepts.habits import habits
from captioner.concepts.likeness import Likeness, compare
from captioner.config import SearchConfig
from captioner.errors import ConfigError, ModelError
from captioner.modules.memory import Memory
from captioner.search import Hypothesis, NamingDecoder, search
from captioner.search.steering import required, saying

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

COMPARING = Lock()  # else streams that begin together would each compare all words


class TextGeneration:
    """Searches texts and spells them.

    Attributes:
        config: The model's `config.json`.
        decoder: Has the verbs that a search asks for.
        tokenizer: Between text and token ids; None until the caller sets it.
    """

    config: Any
    decoder: Any
    tokenizer: Any

    def search(self, memory: Memory, options: SearchConfig, plain: bool = False) -> list[list[Hypothesis]]:
        """Find the best captions of each item of a memory; `<unk>` and other special tokens are never among them.

        Args:
            memory: What the encoder saw.
            options: How to search.
            plain: Keep to the words of the vocabulary, and name nothing else that the encoder recognises.

        Raises:
            ConfigError: A required word is none that the model may write.
        """
        required_ids = self.required_ids(options, plain)
        return search(
            self.decoder if plain else self._searched_decoder(options),
            self._with_required_names(memory, required_ids),
            options,
            bos_id=self.config.bos_token_id,
            eos_id=self.config.eos_token_id,
            forbidden_ids=self.forbidden_ids(options.banned_words),
            required_ids=required_ids,
        )

    def decode(self, hypotheses: Sequence[Hypothesis]) -> list[str]:
        """Return the text of hypotheses."""
        if self.tokenizer is None:
            raise ModelError("the model has no tokenizer: load it with from_pretrained")
        if self.config.encoder.get("concepts"):
            joined = self.tokenizer.backend_tokenizer.decoder
            return [str(joined.decode(self.pieces(one.token_ids))) for one in hypotheses]
        return [str(self.tokenizer.decode(list(one.token_ids), skip_special_tokens=True)) for one in hypotheses]

    def tokenize(self, texts: Sequence[str], max_tokens: int) -> list[list[int]]:
        """Return the token ids of texts, without BOS and EOS, cut off behind `max_tokens`."""
        if self.tokenizer is None:
            raise ModelError("the model has no tokenizer: load it with from_pretrained")
        found: list[list[int]] = self.tokenizer(list(texts), add_special_tokens=False)["input_ids"] if texts else []
        return [ids[:max_tokens] for ids in found]

    def pieces(self, token_ids: Sequence[int]) -> list[str]:
        """Return tokens as the vocabulary writes them, and names of things seen as people do."""
        if self.tokenizer is None:
            raise ModelError("the model has no tokenizer: load it with from_pretrained")
        num_words: int = self.config.vocab_size
        which = [one - num_words if one >= num_words else None for one in token_ids]
        words = self.tokenizer.convert_ids_to_tokens([min(one, num_words - 1) for one in token_ids])
        named = [word if form is None else forms()[form] for word, form in zip(words, which, strict=True)]
        return with_articles(named, which)

    def _searched_decoder(self, options: SearchConfig) -> Any:
        """Return what a search asks: the decoder, or one that also names what the encoder recognises."""
        if not self.config.encoder.get("concepts"):
            return self.decoder
        if self.tokenizer is None:
            raise ModelError("naming needs the model's tokenizer: load the model with from_pretrained")
        with COMPARING:
            likeness = likeness_to_names(self.tokenizer)
        if not len(likeness.token_ids):  # it knows no noun in whose place a name could stand
            return self.decoder
        return NamingDecoder(self.decoder, self.config.vocab_size, likeness, habits(self.config.naming, options.naming))

    def forbidden_ids(self, banned_words: tuple[str, ...] = ()) -> list[int]:
        """Return the tokens that are never written: special ones, and words that are banned.

        Raises:
            ConfigError: Words are banned, and the model writes pieces of words.
        """
        special = [self.config.pad_token_id, self.config.bos_token_id, self.config.unk_token_id]
        return special + [token_id for word in banned_words for token_id in self._saying(word, within_names=True)]

    def required_ids(self, options: SearchConfig, plain: bool = False) -> list[list[int]]:
        """Return for each required word the tokens of which a caption must have one.

        Raises:
            ConfigError: A word is none that the model may write, or is banned, or there are too many.
        """
        if not options.required_words:
            return []
        forbidden = set(self.forbidden_ids(options.banned_words))
        for word in options.required_words:
            if (said := self._saying(word, plain)) and forbidden.issuperset(said):
                raise ConfigError(f"required_words: {word!r} is among banned_words, too: leave it out of one of them")
        known: list[str] = [*self.tokenizer.get_vocab()] if self.tokenizer else []
        if self.config.encoder.get("concepts") and not plain:
            known += forms()
        return required(
            options.required_words,
            lambda word: [token_id for token_id in self._saying(word, plain) if token_id not in forbidden],
            known,
        )

    def _with_required_names(self, memory: Memory, required_ids: Sequence[Sequence[int]]) -> Memory:
        """Say that names are there which users require: they know."""
        num_words: int = self.config.vocab_size
        name_ids = {(one - num_words) // 2 for token_ids in required_ids for one in token_ids if one >= num_words}
        if memory.seen is None or not name_ids:
            return memory
        return replace(memory, seen=memory.seen.assured(sorted(name_ids)))

    def _saying(self, word: str, plain: bool = False, within_names: bool = False) -> list[int]:
        if self.tokenizer is None:
            raise ModelError("banned or required words need the model's tokenizer: load it with from_pretrained")
        tokenizer = self.tokenizer
        if type(tokenizer.backend_tokenizer.model).__name__ == "BPE":  # the same word is made of many pieces
            raise ConfigError("banned_words and required_words: this model writes pieces of words; leave them out")

        def encode(texts: list[str]) -> list[list[int]]:
            found: list[list[int]] = tokenizer(texts, add_special_tokens=False)["input_ids"]
            return found

        names = forms() if self.config.encoder.get("concepts") and not plain else ()
        found = saying(word, encode, self.config.vocab_size, names, within_names)
        return [token_id for token_id in found if token_id not in tokenizer.all_special_ids]


@lru_cache(8)
def likeness_to_names(tokenizer: "PreTrainedTokenizerFast") -> Likeness:
    """Compare a tokenizer's nouns with the names of concepts, once for each tokenizer."""
    return compare(tokenizer.get_vocab())
