"""Tokenises captions for the metrics as coco-caption does, without Java.

coco-caption runs Stanford's PTBTokenizer (version 3.4.1, `-lowerCase`), then leaves out a list of
punctuation. The rules below were found by running that program on some million probes; a test
compares the two. Its quirks are kept, since scores depend on them: brackets survive as `-lrb-`,
`!!` survives though `!` does not, `£` becomes `#`.

Java looks for the longest token at each place. A regular expression takes the first alternative
that fits, so the order of the rules matters: a rule stands before those whose matches it may
extend. Repeated groups are atomic, `(?>(?:...)*)`, not possessive: before Python 3.11.5 a
possessive one may keep half of a repetition that did not fit.
"""

import re
from functools import lru_cache

# What a word is made of. Java knew fewer letters than Python does now; no character beyond the
# basic plane is one.
_NO_LETTER = r"²³¹¼½¾⁰-₉⅐-↋①-⓿❶-➓〇〡-〺㆒-㆕㈠-㊿\U00010000-\U0010FFFF"
_MARK = (
    "[\u02c2-\u036f\u0483-\u0487\u0591-\u05bd"
    "\u064b-\u065e\u0670\u06d6-\u06ed\u0900-\u0903\u093c-\u094e\u0e31-\u0e4e]"
)
_ENTITY = "&[AEIOUaeiou](?i:acute|grave|uml);"
_LETTER = rf"(?:[^\W\d_{_NO_LETTER}]|{_MARK}|{_ENTITY})"
_ALNUM = rf"(?:[^\W_{_NO_LETTER}]|{_MARK}|{_ENTITY})"
_HYPHEN = "[-\u058a\u2010\u2011]"

# Words with an apostrophe inside: d'oeuvres and o'clock, also as a part of a word with hyphens;
# B'nai; ma'am and qu'il, with a vowel before the apostrophe and a vowel or a capital behind. Not
# we're.
_NO_ENDING = rf"(?!(?i:[sdm]|ll|re|ve)(?!{_LETTER}))"
_PART = rf"(?:[DLOdlo]['’`]{_NO_ENDING}{_LETTER}(?>{_ALNUM}+)|(?>{_ALNUM}+))"
_WORD = rf"{_PART}(?>(?:(?:{_HYPHEN}|_){_PART})*)"
_ELIDED = (
    rf"[ABCE-HJKMNP-XZn]['’]{_NO_ENDING}(?>{_LETTER}{{2,}})"
    rf"|{_LETTER}{{2,}}(?<=[aeiouyAEIOUY])['’]{_NO_ENDING}(?=[aeiouA-Z])(?>{_LETTER}+)"
    r"|(?i:c['’]est|c['’]mon|cap['’]n|e['’]er|ev['’]ry|nat['’]l|nor['’]easter|s['’]mores)"
    r"|(?i:(?:ol|somethin)['’]|[djl]['’](?![sdm]|ll|re|ve)|y['’](?=[^\W\d_])(?![sdm]|ll|re|ve))(?!(?<=[DLdlJ]['’])[^\W\d_][^\W_])"
)
_HYPHENED = (
    r"(?:[A-Za-z0-9]++[.,][A-Za-z0-9.,]{0,999}+(?>(?:-(?:(?>(?:[A-Za-z]\.){2,})|[A-Za-z0-9]++))+)"
    r"|[A-Za-z0-9]++(?:-[A-Za-z0-9]++)*-(?>(?:[A-Za-z]\.){2,}))"
)
_DOTTED = rf"{_LETTER}(?>{_ALNUM}*)(?:[.!?]{_LETTER}(?>{_ALNUM}*))+"
_WORD_END = rf"(?!{_ALNUM}|[-_/]|\.{_LETTER}|['’](?:[sdm]|ll|re|ve))"
_SLASHED = r"[A-Za-z0-9]++(?>(?:-[A-Za-z]++)*)"
_CAPITALS = "[A-Z]+(?:(?:&(?i:amp;)?|[+])[A-Z]+)+"
_TITLES = (
    "adj|adm|adv|al|ala|alex|apr|ariz|assn|assoc|asst|atty|attys|aug|ave|bhd|bldg|blvd|brig|bros|calif|capt|cf|cie|cmdr|co"
    "|col|colo|comdr|conn|corp|cos|cpl|ct|dak|dec|dept|det|dr|drs|elec|ens|esq|est|etc|ext|feb|fla|fri|ft|ga|gen|gov"
    "|govs|hon|inc|ind|insp|intl|invt|jan|jos|jr|jul|jun|kan|kans|ky|lieut|lt|ltd|maj|mar|md|messrs|mfg|mich|minn|mlle"
    "|mme|mo|mon|mont|mr|mrs|ms|msgr|mt|mtg|natl|neb|nev|nov|oct|okla|penn|pfc|ph|plc|ppte|ppty|pres|prof|profs|pte"
    "|ptes|pty|ptys|pvt|rd|rep|reps|rev|rt|sen|sens|sep|sept|seq|sfc|sgt|spc|sq|sr|st|ste|supt|sys|tel|tenn|thu|thurs"
    "|tue|tues|univ|va|vs|vt|wed|wis|wisc|wm|wyo"
)
_STATES = (
    "A(?i:rk)|A(?i:z)|D(?i:el)|I(?i:ll)|L(?i:a)|M(?i:ass)|M(?i:iss)|"
    "O(?i:re)|P(?i:a)|T(?i:ex)|W(?i:ash)"
)
# A letter and a dot before one of these ends a sentence: `vitamin C. The`, not `vitamin c. Pills`.
_BEGINNINGS = (
    "A(?i:|bout|ccording|dditionally|fter|n|s|t)|B(?i:ut)|H(?i:e|er|ere|owever)|I(?i:f|n|t)|L(?i:ast)"
    "|M(?i:any|ore)|N(?i:ow)|O(?i:nce|ne|ther|ur)|S(?i:he|ince|o|ome|uch)|T(?i:hat|he|heir|hen|here|hese"
    "|hey|his)|W(?i:e|hat|hen|hile)|Y(?i:et|ou)"
)
_SHORTENED = (
    rf"(?:(?:[A-Za-z]\.(?!\s+(?:{_BEGINNINGS})(?:\s|$))|"
    rf"(?>(?i:[a-z]\.){{2,}}))|(?:(?i:ph\.d|{_TITLES})|{_STATES})\.)"
)
_HOST = r"[^\s\"`<>|.!?,()]+"
_DOMAIN = r"[^\s\"`<>|.!?,()-]+"
_PATH = r"[^\s\"<>|()]+[^\s\"<>|().,!?-]"
_TAG_NAME = "[A-Za-z][A-Za-z0-9_:.@-]*+"

_TAG = (
    rf"<(?:/{_TAG_NAME} *|[!?]?{_TAG_NAME}(?>(?: +{_TAG_NAME}(?: *= *(?:\"[^\"]*\"|'[^']*'))?)*)"
    r" *[/?]?)>"
)
_FAR = (  # comments, mail addresses, links
    r"<!--.*?-->",
    r"[A-Za-z0-9][^\s\"<>|(){}]*@[^\s\"<>|(){}.]+(?>(?:\.[^\s\"<>|(){}.]+)*)",
    r"(?i:https?://)[^\s\"<>|(){}]+[^\s\"<>|(){}.,!?-]",
    rf"(?i:www\.(?:{_HOST}\.)+[a-z]{{2,4}}(?![a-z])(?:/{_PATH})?|(?:{_DOMAIN}\.)+(?:com|net|org|edu)/{_PATH})",
)
_RULES = (
    # Telephone numbers, mixed fractions: tokens with a space inside.
    r"(?:\(\d{2,3}\)[ \xa0]?|(?:\+?\d{2,4}[- \xa0]){1,2})\d{3,4}[- \xa0]\d{3,5}",
    r"\d{1,4}(?:[- \xa0]\d{1,4})?[/⁄]\d{1,4}(?![\w/]|-[A-Za-z])|\d{1,4}[- \xa0]\d{1,4}[/⁄]\d{1,4}",
    # Dots and commas before a hyphen belong to the word: u.s.-based, 1.5-litre, dog,blue-eyed. One
    # before more punctuation does, too.
    rf"(?:{_DOTTED}|{_CAPITALS}|{_HYPHENED}|{_WORD})\.(?=[,;:])",
    _HYPHENED,
    # do|n't, can|not, gon|na, lem|me.
    r"[A-Za-z]*[A-MO-Za-mo-z](?=(?i:n['’]t))",
    rf"(?i:can(?=not{_WORD_END})|(?:gon|wan)(?=na{_WORD_END})|got(?=ta{_WORD_END})|(?:lem|gim)(?=me{_WORD_END}))",
    # u.s., mr., example.com, no. before a number, and/or, at&t.
    rf"{_SHORTENED}(?!{_LETTER})",
    _DOTTED,
    r"(?i:art|ca|figs?|nos?|op|pp|prop)\.(?=\s?\d)",
    rf"{_SLASHED}(?:\\?/{_SLASHED}){{1,2}}",
    rf"{_CAPITALS}|[A-Z]++\$|[Cc]\+\+|[CcFf]#",
    # 10:30, words, -5.
    r"\d++(?>(?:[.:,]\d++)+)",
    rf"(?i:n['’]t)(?!{_LETTER})",
    _ELIDED,
    _WORD,
    r"[-+]?(?:\d++(?>(?:[.:,]\d++)*)|(?>(?:[.:,]\d++)+))",
    # 'n', 's, 'em, 't|is, '90s.
    r"['’](?i:n)['’]|'(?i:[sdm]|ll|re|ve)(?![A-Za-z])|’(?i:[sdmn]|ll|re|ve)|['’](?i:em|til|cause)|'(?i:n)(?=\s|$)",
    r"'(?i:t)(?=(?i:is|was))|['’]\d\ds|['’]\d\d(?=\s|$)",
    # Brackets spelled out, @name, #topic, faces.
    r"-(?i:[lr][rsc]b)-",
    rf"@[A-Za-z_][A-Za-z0-9_]*+|#(?>{_LETTER}+)",
    r"[<>]?[:;=][-o*']?[()DPdpO\\{@|\[\]](?![A-Za-z0-9])|\(?[-^x=~<>']_[-^x=~<>']\)?",
    r"&(?i:amp|lt|gt|quot|apos|nbsp|ndash|mdash|md);|&#\d++;",
    # Runs, and all other signs.
    r"\.{3,5}|\. \."
    r" \.|-{2,}|''|``|[!?]++|\\?\*++|_++|#++|@++|<<|>>|[²³¹⁰⁴-⁹₀-₉]++|[«»“”‘’‹›‛`\x91-\x94]{2}",
    r"[$%&()+/<=>[\\\]^{|}~¡-¥¦-©¬®-±´¶-¸¼-¿×÷·։־׀׃׆׳״،؛؞؟٪٭۔।॥฿‖‗‚„†-‣‰-‸※‾-⁂⁄⁺-⁾₊-₎₠₤€℀-⯿、。〒・！-／：-＠［-｀｛-･￠￡￥￦\x80]",
)
_TOKEN = re.compile("|".join((_TAG, *_RULES)))
_TOKEN_OR_FAR = re.compile("|".join((*_FAR, _TAG, *_RULES)))

# Some rules look far ahead, from each token again: they are for texts that may have what they look
# for, and that are not so long that this would take more than milliseconds.
_MAY_LOOK_FAR = re.compile(r"@|-->|(?i:https?://|www\.|\.(?:com|net|org|edu)/)")
_LONG_RUN = re.compile(r"\S{1000}")
_LONG_TEXT = 10_000

# Only from here can a rule look over a space; what stands between the spaces of all other texts is
# looked up.
_LOOKS_FURTHER = re.compile(r"[\d<]|(?<![A-Za-z])[A-Za-z]\.\s")

_QUOTES = (
    dict.fromkeys("“«\x93", "``") | dict.fromkeys("”»\x94", "''") | dict.fromkeys("‘‹‛`\x91", "`")
)
_QUOTES |= dict.fromkeys("’›\x92", "'")
_REWRITTEN = {
    "(": "-lrb-",
    ")": "-rrb-",
    "[": "-lsb-",
    "]": "-rsb-",
    "{": "-lcb-",
    "}": "-rcb-",
    "£": "#",
    "¢": "cents",
    **dict.fromkeys("€¤₠\x80", "$"),
    **{"¼": "1/4", "½": "1/2", "¾": "3/4", "⅓": "1/3", "⅔": "2/3"},
    **{"&amp;": "&", "&lt;": "<", "&gt;": ">"},
    **{f"’{ending}": f"'{ending}" for ending in ("s", "d", "m", "ll", "re", "ve")},
    "n’t": "n't",
    **{left + right: _QUOTES[left] + _QUOTES[right] for left in _QUOTES for right in _QUOTES},
}
_LEFT_OUT = {"...", "....", ".....", ". . .", "--", "---", "----", "''", "``", "!", "?", "'"} | {
    f"&{name};" for name in ("quot", "apos", "nbsp", "ndash", "mdash", "md")
}
_INSIDE = str.maketrans({" ": "\xa0", "(": "-lrb-", ")": "-rrb-"})


def tokenize(text: str) -> list[str]:
    """Split a caption into lower-case tokens without punctuation, as coco-caption does.

    A line break counts as a space. A token may hold a no-break space (`1 1/2`, as the Java
    tokenizer writes it). Java reads all captions as one text: where a caption ends in a single
    letter and a dot, it keeps the dot or not by how the next caption begins. Here a caption's
    tokens depend on that caption alone.
    """
    if _LOOKS_FURTHER.search(text):
        return list(_split(text))
    return [token for chunk in text.split() for token in _remembered(chunk)]


def _split(text: str) -> tuple[str, ...]:
    text = text.replace("\xad", "").replace("&apos;", "'")
    looks_far = _MAY_LOOK_FAR.search(text) and len(text) < _LONG_TEXT and not _LONG_RUN.search(text)
    tokens = map(_rewrite, (_TOKEN_OR_FAR if looks_far else _TOKEN).findall(text))
    return tuple(token for token in tokens if token not in _LEFT_OUT)


_remembered = lru_cache(maxsize=1 << 17)(_split)


def _rewrite(token: str) -> str:
    token = token.lower()
    return (
        _REWRITTEN[token] if token in _REWRITTEN else token.replace("&amp;", "&").translate(_INSIDE)
    )
