"""Fuzzy matching of person names: by the sound of their words, in any order (PS3.4 C.2.2.2.1.1).

The sound of a word in Latin letters is made from its consonants: those that are easily confused are one class, and
vowels, h, double letters and accents do not count. So Meier, Mayr and Meyer sound the same, as do Schmidt and Schmitt,
and Stefan and Stephan. Words in other scripts sound as they are written.

A name matches if for each word that is asked for it has a word, in any component or group, that sounds the same;
a word of one letter is the beginning of any word, what stands before a ``*`` is the beginning of a sound.
"""

import re
from functools import lru_cache
from itertools import groupby

from hounsfield.dicom.attributes import normalise

_BETWEEN = re.compile(r"[\s^=,.;'\"()\-]+")
_SPECIAL = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"})
# Letters that together are one sound, as they are written in most names of Europe.
_TOGETHER = (
    ("tsch", "s"), ("sch", "s"), ("ch", "g"), ("sh", "s"), ("ph", "f"), ("th", "t"), ("dt", "t"),
    ("ck", "g"), ("cz", "s"), ("sz", "s"), ("tz", "s"), ("ts", "s"), ("qu", "gf"), ("x", "gs"),
)  # fmt: skip
_CLASSES = {
    **dict.fromkeys("bp", "b"),
    **dict.fromkeys("fvw", "f"),
    **dict.fromkeys("dt", "d"),
    **dict.fromkeys("gkq", "g"),
    **dict.fromkeys("szc", "s"),
    **{letter: letter for letter in "lmnr"},
}
_VOWEL = "a"
_MOST_WORDS, _LONGEST = 16, 64


def words_of(name: str) -> list[str]:
    """The words of a name, folded; empty ones are left out."""
    folded = normalise(name).translate(_SPECIAL)
    return [word[:_LONGEST] for word in _BETWEEN.split(folded) if word][:_MOST_WORDS]


@lru_cache(maxsize=4096)
def sound_of(word: str) -> str:
    """How a folded word sounds.

    >>> sound_of("meyer"), sound_of("mayr"), sound_of("schmidt")
    ('mr', 'mr', 'smd')
    """
    if not word.isascii():
        return word
    letters = word
    for written, sound in _TOGETHER:
        letters = letters.replace(written, sound)
    # c is k before anything but e, i and y.
    letters = re.sub(r"c(?![eiy])", "g", letters)
    classes = [_CLASSES.get(letter, "" if letter.isalpha() else letter) for letter in letters]
    body = "".join(letter for letter, _ in groupby("".join(classes)))
    # A first vowel is heard: Adam is not Thom.
    return (_VOWEL if letters[:1] in {*"aeiouy"} else "") + body


def sounds_of(name: str) -> frozenset[str]:
    """The sounds by which a name is found."""
    return frozenset(sound_of(word) for word in words_of(name))


def asked_sounds(wanted: str) -> tuple[list[str], list[str], list[str]]:
    """(sounds, beginnings of sounds, first letters) that a name must have to match."""
    whole, begun, letters = [], [], []
    for word in words_of(wanted):
        stem, star, _rest = word.partition("*")
        stem = stem.replace("?", "")
        if not stem:
            continue
        sound = sound_of(stem)
        if len(stem) == 1 and stem.isascii():
            letters.append(stem)
        elif star:
            begun.append(sound)
        else:
            whole.append(sound)
    return whole, begun, letters


def sounds_like(wanted: str, name: str) -> bool:
    """Whether a name matches what is asked for."""
    whole, begun, letters = asked_sounds(wanted)
    sounds, words = sounds_of(name), words_of(name)
    return (
        all(sound in sounds for sound in whole)
        and all(any(one.startswith(sound) for one in sounds) for sound in begun)
        and all(any(word.startswith(letter) for word in words) for letter in letters)
        and bool(words)
    )
