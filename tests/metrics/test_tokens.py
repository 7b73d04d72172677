"""Tokens equal those of Stanford's tokenizer, recorded or run."""

import os
import shutil
import time
from pathlib import Path

import pytest

from captioner.metrics.tokens import tokenize

# Each line: a text, a tab, the tokens that pycocoevalcap's Java tokenizer makes of it.
HARD = [
    line.split("\t")
    for line in (Path(__file__).parent / "hard_captions.tsv")
    .read_text(encoding="utf-8")
    .split("\n")
    if line
]


def java_tokens(texts: list[str]) -> list[list[str]]:
    module = pytest.importorskip("pycocoevalcap.tokenizer.ptbtokenizer")
    if shutil.which("java") is None:
        pytest.skip("no Java runtime")
    lines = module.PTBTokenizer().tokenize({0: [{"caption": text} for text in texts]})[0]
    return [line.split(" ") if line else [] for line in lines]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("A dog doesn't bark.", "a dog does n't bark"),
        ("Two men, (one tall) run!", "two men -lrb- one tall -rrb- run"),
        ("no way!!", "no way !!"),
        ("The dog's t-shirt costs $5.00", "the dog 's t-shirt costs $ 5.00"),
        ("Mr. Smith lives in the U.S.", "mr. smith lives in the u.s."),
        ("It cannot be", "it can not be"),
        ("“smart” ‘quotes’ – dash…", "smart quotes dash"),
        ("a 🐕 dog ❤️", "a dog ❤"),
        ("Ein Mädchen auf der Straße", "ein mädchen auf der straße"),
        ("£5 ½ cup", "# 5 1/2 cup"),
        ("one\ntwo\r\nthree\tfour", "one two three four"),
    ],
)
def test_known_tokens(text: str, tokens: str) -> None:
    assert tokenize(text) == tokens.split(" ")


@pytest.mark.parametrize("text", ["", " ", "\n", ".", "...", '" , ; --', "🐕", "\ud83d"])
def test_nothing_is_left_of_punctuation(text: str) -> None:
    assert tokenize(text) == []


def test_hard_captions_equal_the_recorded_java_tokens() -> None:
    assert len(HARD) > 900
    assert {text: " ".join(tokenize(text)) for text, _ in HARD} == dict(HARD)


def test_tokenizing_twice_gives_the_same() -> None:
    tokens = tokenize("A dog's ball")
    tokens.append("changed")
    assert tokenize("A dog's ball") == ["a", "dog", "'s", "ball"]


def test_long_nonsense_takes_no_time_to_speak_of() -> None:
    for piece in ("a-", "the'", "<a ", "1/", "a.", "www.a-", "x@"):
        assert tokenize(piece * 500)


@pytest.mark.java
def test_hard_captions_equal_java() -> None:
    assert java_tokens([text for text, _ in HARD]) == [tokenize(text) for text, _ in HARD]


@pytest.mark.java
@pytest.mark.slow
def test_real_captions_equal_java() -> None:
    root = os.environ.get("CAPTIONER_DATA")
    if root is None:
        pytest.skip("CAPTIONER_DATA names no folder of data")
    texts = [
        line.rpartition("\t")[2]
        for path in sorted(Path(root).glob("**/*.en")) + sorted(Path(root).glob("**/captions.txt"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    assert len(texts) > 1000
    assert java_tokens(texts) == [tokenize(text) for text in texts]


@pytest.mark.parametrize(
    "signs", ["'a", "&.", "/1", "a@", "@/", "<!--", "a,", "www.a", "a.com/", "a", "\u4e2d"]
)
def test_a_long_text_without_spaces_takes_no_longer_than_it_must(signs):
    """As where a base64 picture or a page's code was taken for a caption; it took minutes."""
    text = signs * (10_000 // len(signs))
    begin = time.process_time()
    tokenize(text)
    assert time.process_time() - begin < 3
