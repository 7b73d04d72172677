"""Copies names, numbers and addresses into translations, in place of their stand-ins."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from captioner.pipeline.result import Candidate
from captioner.preprocess.text import Piece

MARKS = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)
ALIGNED = 0.5  # a word with more attention than this on a stand-in is a failed copy of it


def best_trial(
    found: Sequence[tuple[Sequence[Piece], Sequence[tuple[Candidate, ...]]]],
) -> tuple[Sequence[Piece], list[tuple[Candidate, ...]]]:
    """Choose the trial that keeps most stand-ins, of several the likeliest, and insert the copies.

    Args:
        found: The pieces of each trial, and the candidates of each piece.
    """
    pieces, said = max(found, key=_worth) if len(found) > 1 else found[0]
    return pieces, [
        tuple(with_copies(one, piece) for one in candidates)
        for piece, candidates in zip(pieces, said, strict=True)
    ]


def _worth(trial: tuple[Sequence[Piece], Sequence[tuple[Candidate, ...]]]) -> tuple[int, float]:
    """Return how many stand-ins were written exactly once, and the mean log-probability a word."""
    pieces, best = trial[0], [candidates[0] for candidates in trial[1]]
    kept = [
        len(stand_in.pattern.findall(one.text)) == 1
        for piece, one in zip(pieces, best, strict=True)
        for stand_in in piece.stand_ins
    ]
    return sum(kept), sum(one.log_prob for one in best) / sum(len(one.words) + 1 for one in best)


def with_copies(candidate: Candidate, piece: Piece) -> Candidate:
    """Return a translation in which each stand-in is replaced by what it stands for.

    If a stand-in was written several times, the occurrence that attended most to its source word is
    replaced. If it is missing, the copy replaces the word that attended most to that source word,
    provided that this was most of the word's attention; otherwise the copy is inserted after it.

    Args:
        candidate: The translation, with its attention.
        piece: The source that was read, with its stand-ins.
    """
    places: list[tuple[int, int, str]] = []
    lost = []
    for one in piece.stand_ins:
        column = piece.reading.columns[one.word] - piece.start
        found = list(one.pattern.finditer(candidate.text))
        if found:
            words = [len(candidate.text[: match.end()].split()) - 1 for match in found]
            best = max(
                range(len(found)), key=lambda number: candidate.attention[words[number], column]
            )
            places.append((*found[best].span(), one.literal))
        else:
            lost.append((one.literal, column))
    text = candidate.text
    for start, end, literal in sorted(places, reverse=True):
        text = text[:start] + literal + text[end:]
    candidate = replace(candidate, text=text, words=tuple(text.split()))
    for literal, column in lost:
        candidate = _inserted(candidate, literal, column)
    return candidate


def _inserted(candidate: Candidate, literal: str, column: int) -> Candidate:
    """Insert a lost copy in place of a failed one, or after the word that attended to it most."""
    attention = candidate.attention[:, column] if candidate.words else np.zeros(0, np.float32)
    place = int(attention.argmax()) if len(attention) else -1
    words = list(candidate.words)
    if place >= 0 and attention[place] > ALIGNED and candidate.most_looked_at[place] == column:
        before, _, after = MARKS.findall(words[place])[0]
        words[place] = f"{before}{literal}{after}"
        return replace(candidate, text=_laid_out(candidate, words), words=tuple(words))
    at = place + 1
    if place >= 0 and place == len(words) - 1:  # the final punctuation stays last
        before, core, after = MARKS.findall(words[place])[0]
        words[place], literal = (
            f"{before}{core}" or words[place],
            f"{literal}{after}" if core else literal,
        )
    words.insert(at, literal)
    row = np.zeros((1, candidate.attention.shape[1] or column + 1), np.float32)
    row[0, column] = 1
    log_probs = (*candidate.word_log_probs[:at], 0.0, *candidate.word_log_probs[at:])
    attention = (
        np.concatenate([candidate.attention[:at], row, candidate.attention[at:]])
        if candidate.words
        else row
    )
    return replace(
        candidate,
        text=" ".join(words),
        words=tuple(words),
        word_log_probs=log_probs,
        attention=attention,
    )


def _laid_out(candidate: Candidate, words: Sequence[str]) -> str:
    """Return the candidate's text with each word replaced, and its white space as it was."""
    spaces = re.split(r"\S+", candidate.text)
    return "".join(part for pair in zip(spaces, (*words, ""), strict=True) for part in pair)
