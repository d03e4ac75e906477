"""Mathematics that checks write in plain characters, as Markdown that shows it as readers write it.

`tau_max >= 1/Gamma(eta)` becomes τ with its subscript, ≥ and 1/Γ(η). Each name becomes a formula, and what is joined to it
without a space is part of it; signs with spaces around stay outside, so that lines can break there.
"""

import re

from proofs_checks.whole_formulas import joined

_GREEK = {
    name: f"\\{name}"
    for name in [
        "alpha", "beta", "gamma", "delta", "zeta", "eta", "theta", "kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "sigma",
        "tau", "phi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega",
    ]
} | {"eps": r"\varepsilon", "epsilon": r"\varepsilon"}  # fmt: skip
_NAMES = (
    _GREEK
    | {"c2": "c_2", "m0": "m_0", "s0": "s_0", "star": "*"}
    | {name: f"\\{name}" for name in ("log", "exp", "max", "min", "sup", "sum")}
)
_SIGNS = {"<=": "≤", ">=": "≥", "!=": "≠", "->": "→", "+-": "±", " - ": " − ", " * ": " · ", "sqrt(": "√(", "sqrt ": "√"}  # fmt: skip
_TEX_SIGNS = {"<=": r"\le ", ">=": r"\ge ", "->": r"\to ", "+-": r"\pm "}

_BRACKETS = {"}": r"\}", ">": r"\mathclose{>}"}

_GREEK_NAME = "|".join(sorted(_GREEK, key=len, reverse=True))
_GROUP = r"\((?:[^()]|\([^()]*\))*\)|\{[^{}]*\}"
_SUBSCRIPT = rf"_(?:{_GROUP}|-?[A-Za-z0-9]+|[*+-](?!\w))"
_SUPERSCRIPT = rf"\^(?:[+-]?(?:{_GROUP}|\d+\.\d+|[A-Za-z0-9]+(?:_[A-Za-z0-9]+)?(?:\*(?![\w(]))?)|[+*-])"
_SCRIPTS = rf"(?:{_SUBSCRIPT})?(?:{_SUPERSCRIPT})?"
_BEGINS = r"(?<![\w\\:.])(?<![A-Za-z]-)"
_ENDS = r"(?![A-Za-z0-9_]|-[a-z])"
_FORMULA = re.compile(
    rf"{_BEGINS}(?P<number>\d+(?:\.\d+)?)e(?P<power>[+-]?\d+)\b"
    rf"|{_BEGINS}(?P<name>d?(?:{_GREEK_NAME})|c2|[ms]0)(?P<star>\*(?!\w))?(?P<scripts>{_SCRIPTS}){_ENDS}"
    rf"|(?<!\*){_BEGINS}(?P<starred>[A-Za-z])\*(?![\w(])"
    rf"|{_BEGINS}(?P<signed>[ad]\+|c[+-])(?=[),.;:]|\s|$)"
    rf"|{_BEGINS}(?P<tilde>[A-Za-z])~(?P<over>{_SCRIPTS}){_ENDS}"
    rf"|(?:{_BEGINS}|(?<=[\s(/]\d))(?P<base>d?[A-Za-z])(?P<one>{_SUBSCRIPT}(?:{_SUPERSCRIPT})?|{_SUPERSCRIPT}){_ENDS}"
    rf"|{_BEGINS}(?P<word>[A-Za-z]{{2,}}|\d+)(?P<two>_(?:[A-Za-z]|{_GROUP})(?:{_SUPERSCRIPT})?|{_SUPERSCRIPT}){_ENDS}"
    rf"|(?P<bracket>[)|}}>\]])(?P<three>{_SUBSCRIPT}(?:{_SUPERSCRIPT})?|{_SUPERSCRIPT}){_ENDS}"
)
_TWO_INDICES = re.compile(r"_([a-z])\((\1[+-]\d)\)")
"""As in B_t(t-1): what stands in brackets is an index, too."""
_TORN = re.compile(r"([)|}>\]])\$([_^])")
"""A script whose bracket opens before words, so that no formula has both."""
_RELATION = "[+−·/=<>≤≥≠→±]"
_LETTER = re.compile(
    rf"(?<![\w\\'.^-])[A-Za-z](?= {_RELATION} )|(?<= {_RELATION} )[A-Za-z](?![\w'(^*-]|\.\w)"
    r"|(?<=\$ )[b-zB-HJ-Z](?=[ ,.;:)]|$)|(?:(?<=[ (])|(?<=^))[b-zB-HJ-Z](?= \$)"
)
"""A letter beside a sign is no word, and beside a formula neither, but for a, A and I."""
_MINUS = re.compile(r"(?<![^\s(\[{|=<>≤≥≠/·,])-(?=[\w(\[{√|$])")
_PRIME = re.compile(r"(?<!')(\$[^$]+)\$'(?!\w)")
_SIGN = re.compile("|".join(map(re.escape, _SIGNS)))
_SCRIPT = re.compile(rf"{_SUBSCRIPT}|{_SUPERSCRIPT}")
_TOKEN = re.compile(
    rf"(?P<word>[ms]0(?!\d)|[A-Za-z]+2?)(?P<star>\*(?!\w))?|(?P<script>{_SUBSCRIPT}|{_SUPERSCRIPT})|(?P<sign><=|>=|->|\+-)|.",
    re.DOTALL,
)
_SPLIT = re.compile(r"(\$[^$]+\$)")
_MARKDOWN = re.compile(r"(\$\$.+?\$\$|\$[^$]+\$|`[^`]+`|\[[^\]\n]*\]\([^)\n]*\))", re.DOTALL)
_WRITTEN = re.compile(r"\$\$.+?\$\$|\$[^$]+\$", re.DOTALL)
_WORD = re.compile(r"([_^])\{(?![ijkt]{2}\})([A-Za-z]{2,})\}")
_LONG_NUMBER = re.compile(r"\d+\.\d{10,}(?:e[+-]?\d+)?")
_TABLE = re.compile(r"\{(\d[^{}]*: [^{}]*)\}")
_SPACES = {"l-infinity": r"$\ell^{\infty}$", "l2": r"$\ell^2$"}
_SPACE = re.compile(rf"\b(?:{'|'.join(_SPACES)})\b")
_TERM = r"(?:\$[^$]+\$|(?<![\w'-])(?:[b-zB-HJ-Z]|[-−]?\d+)(?![\w'-]|\.\d))"
_SUM = re.compile(rf"{_TERM}(?:(?: [+−·=<>≤≥±] |/){_TERM})*")
"""Terms of a title with the signs between them; a, A and I are words."""


def typeset(text: str) -> str:
    """The same with mathematics typeset; formulas, code and links of Markdown stay, but for words in formulas."""
    parts = _MARKDOWN.split(rounded(text))
    return "".join(upright(part) if index % 2 else _plain(part) for index, part in enumerate(parts))


def upright(text: str) -> str:
    r"""The same with words that are subscripts or superscripts of formulas upright: e_{sig} is no product."""
    return _WRITTEN.sub(lambda found: _WORD.sub(lambda word: f"{word[1]}{{{_tex(word[2]).strip()}}}", found[0]), text)


def typeset_title(text: str) -> str:
    """The same for a title, which is short: a sum or a quotient is one formula, and so is a letter that stands alone."""
    return _SUM.sub(_whole, _SPACE.sub(lambda found: _SPACES[found[0]], typeset(text)))


def _whole(found: re.Match[str]) -> str:
    return found[0] if found[0].isdigit() else f"${found[0].replace('$', '').replace('−', '-')}$"


def rounded(text: str) -> str:
    """The same with seven digits of numbers that have all, without the braces of Python's tables, and no None."""
    text = _LONG_NUMBER.sub(lambda found: f"{float(found[0]):.7g}", text)
    return _TABLE.sub(r"\1", text).replace("epsilon = None", "no layer norm")


def _plain(text: str) -> str:
    text, pieces, end = _TWO_INDICES.sub(r"_{\1(\2)}", text), [], 0
    for found in _FORMULA.finditer(text):
        pieces += [_signs(text[end : found.start()]), found["bracket"] or "", f"${_formula(found)}$"]
        end = found.end()
    whole = joined("".join([*pieces, _signs(text[end:])]).replace("$$", " "))
    whole = _TORN.sub(lambda torn: f"${_BRACKETS.get(torn[1], torn[1])}{torn[2]}", whole.replace("$$", " "))
    parts = _SPLIT.split(whole)
    for index in range(0, len(parts), 2):
        before, behind = "$" if index else "", "$" if index + 1 < len(parts) else ""
        parts[index] = _between(f"{before}{parts[index]}{behind}")[len(before) :].removesuffix(behind)
    return _PRIME.sub(r"\1'$", "".join(parts))


def _between(text: str) -> str:
    """What stands between formulas: some letters are formulas, too, and a hyphen before a number or a name is a minus."""
    return _MINUS.sub("−", _LETTER.sub(r"$\g<0>$", text))


def _signs(text: str) -> str:
    return _SIGN.sub(lambda found: _SIGNS[found[0]], text)


def _formula(found: re.Match[str]) -> str:
    if found["number"]:
        power = f"10^{{{int(found['power'])}}}"
        return power if found["number"] == "1" else rf"{found['number']} \cdot {power}"
    if found["starred"]:
        return f"{found['starred']}^{{*}}"
    if found["signed"]:
        letter, sign = found["signed"]
        return f"{letter}{'_' if letter == 'c' else '^'}{{{sign}}}"
    base = next((found[name] for name in ("name", "tilde", "base", "word") if found[name]), "")
    scripts = next((found[name] for name in ("scripts", "over", "one", "two", "three") if found[name]), "")
    symbol = rf"\tilde{{{base}}}" if found["tilde"] else _tex(base).strip()
    return symbol + ("^{*}" if found["star"] else "") + "".join(map(_script, _SCRIPT.findall(scripts)))


def _script(script: str) -> str:
    """A subscript or superscript in TeX; brackets around it go, but for those of a number, as in c^(1)."""
    sign, content = script[0], script[1:]
    grouped = re.fullmatch(r"\((?!\d+\)$)(.*)\)|\{(.*)\}", content, re.DOTALL)
    return f"{sign}{{{_tex(next(filter(None, grouped.groups())) if grouped else content).strip()}}}"


def _tex(text: str) -> str:
    return "".join(_token(found) for found in _TOKEN.finditer(text))


def _token(found: re.Match[str]) -> str:
    if found["script"]:
        return _script(found["script"])
    if found["sign"]:
        return _TEX_SIGNS[found["sign"]]
    if found["star"]:
        return f"{_tex(found['word']).strip()}^{{*}}"
    word = found["word"]
    if not word:
        return r"\," if found[0] == " " else found[0]
    if word in _NAMES:
        return f"{_NAMES[word]} " if len(word) > 2 or word == "mu" else _NAMES[word]
    if word[0] == "d" and word[1:] in _GREEK:
        return f"d{_GREEK[word[1:]]} "
    return word if re.fullmatch("d?[A-Za-z]|[ijkt]{2}|ks", word) else rf"\mathrm{{{word}}}"
