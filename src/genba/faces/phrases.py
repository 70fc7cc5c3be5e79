"""What operations say in words and numbers, in the reader's language: translated part by part."""

import re
from collections.abc import Callable

from genba.faces import labels
from genba.faces.labels import Text
from genba.faces.words import say

NUMBER = re.compile(r"(?:(?<!\S)-)?\d+(?:[.,]\d+)*(?:e[+-]\d+)?|\b(?:inf|nan)\b")
HERE = "#"
"""Stands for a number in a phrase; in every language they come in the same order."""
BETWEEN = re.compile(r"(: |; )")
"""Stands between parts of a phrase."""


def parts_of(phrase: str) -> list[str]:
    """Give the parts of a phrase without what stands between them."""
    return BETWEEN.split(phrase)[::2]


def template_of(part: str) -> str:
    """Give a part of a phrase with the sign for a number in the place of each."""
    return NUMBER.sub(HERE, part)


def say_phrase(language: str, phrase: str, text_of: Callable[[str], Text | None]) -> str:
    """Give a phrase in the reader's language.

    Arguments:
        language: one of `languages()`.
        phrase: parts with `: ` or `; ` between them, in English.
        text_of: key and English for the template of a part; None for a part that stays as it is.
    """
    return "".join(_part(language, part, text_of) for part in BETWEEN.split(phrase))


def say_whole(language: str, phrase: str, text_of: Callable[[str], Text | None]) -> str:
    """Give a phrase that is one part, whatever stands in it, in the reader's language."""
    return _part(language, phrase, text_of)


def say_words(language: str, domain: str, words: tuple[str, ...], phrase: str) -> str:
    """Give a phrase with its `words` (templates of parts) in the reader's language; names stay the same."""

    def text_of(template: str) -> Text | None:
        return labels.word(domain, template) if template in words else None

    return say_phrase(language, phrase, text_of) if words else phrase


def _part(language: str, part: str, text_of: Callable[[str], Text | None]) -> str:
    known = text_of(template_of(part))
    if known is None:
        return part
    text, numbers = say(language, *known), NUMBER.findall(part)
    return re.sub(HERE, lambda found: numbers.pop(0), text) if text.count(HERE) == len(numbers) else part
