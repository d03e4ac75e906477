r"""Formulas that belong together become one: (1 + $\rho$)$^{2}$ becomes $(1 + \rho)^{2}$.

What stands without a space between is joined, with brackets, bars and roots around it, so that no line breaks there and a bracket
has the script that follows it. What has words inside, is no mathematics for sure, or is long, is left as it is.
"""

import re

Piece = tuple[str, int]
"""TeX, and where the text goes on behind what it is read from."""

LONGEST = 34
"""So many signs fit in a line of a phone."""

_ATOM = re.compile(
    r"\$(?P<formula>[^$]+)\$|(?P<number>\d+(?:\.\d+)?)(?![\d.]*\d)"
    r"|(?P<letter>(?<![A-Za-z\\])[A-Za-z](?![A-Za-z0-9_*']))|(?P<function>\b(?:log|exp|max|min|sup|cos|sin|tanh)(?=\())"
    r"|(?P<name>\b(?:erf|GELU|SiLU|Sat)(?=\()|(?<=[+ ])lag(?=\))|(?<=/)d[a-z](?![A-Za-z0-9_]))"
)
_SIGNS = {
    "−": "-",
    "≤": r"\le ",
    "≥": r"\ge ",
    "≠": r"\ne ",
    "±": r"\pm ",
    "→": r"\to ",
    "·": r"\cdot ",
    "⊙": r"\odot ",
    "...": r"\dots ",
    ".": r"\cdot ",
}
_SIGN = re.compile(r"\.\.\.|[-+/=<>!−≤≥≠±→·⊙]")
_INSIDE = re.compile(rf"{_SIGN.pattern}|,|[ ;](?! )|(?<=[\[(])\.(?=[ ,])")
_PAIRS = {
    "||": ("||", r"\lVert ", r"\rVert "),
    "|": ("|", r"\lvert ", r"\rvert "),
    "ceil(": (")", r"\lceil ", r"\rceil "),
    "floor(": (")", r"\lfloor ", r"\rfloor "),
    "(": (")", "(", ")"),
    "[": ("]", "[", "]"),
    "{": ("}", r"\{", r"\}"),
    "<": (">", r"\langle ", r"\rangle "),
}
_PRODUCT = re.compile(r"<(?=[^\s<>][^<>]*, [^<>]*[^\s<>]>)")
_STARTS = re.compile(r"(?<![\w\\$)\]}'.*-])(?=[\w$(\[{|<√−-])|(?<=[(\[|\s])(?=\|)")
_ENDS = re.compile(r"(?![\w$^*(\[{|]|-\w|'\w|\.\d)")
_OPERATES = re.compile(r"[-+/=<>!−≤≥≠±→·⊙|√]")
_COMMAND = re.compile(r"\\(?:mathrm|mathclose|lvert|rvert|[lr]Vert|[,{}])|[{}$^_ ]")
_LIST_ITEM = re.compile(r"\d*\([A-Za-z0-9]\)")


def joined(text: str) -> str:
    """The same with formulas and what belongs to them joined."""
    shown, at = [], 0
    while at < len(text):
        piece = _whole(text, at) if _STARTS.match(text, at) else None
        if piece is None:
            atom = _ATOM.match(text, at)
            piece = (atom[0], atom.end()) if atom else (text[at], at + 1)
        shown.append(piece[0])
        at = piece[1]
    return "".join(shown)


def _whole(text: str, at: int) -> Piece | None:
    """One formula from all that is joined to what stands here, if it is one, and short."""
    run = _run(text, at)
    if run is None:
        return None
    tex, end = run
    source = text[at:end]
    if not _is_formula(source) or not _ENDS.match(text, end):
        return None
    if source[0] == "-" and not re.search(r"[A-Za-z$√]", source):
        return f"−{source[1:]}", end
    return None if len(_COMMAND.sub("", re.sub(r"\\[A-Za-z]{2,}", "x", tex))) > LONGEST else (f"${_spaced(tex)}$", end)


def _spaced(tex: str) -> str:
    """The same with a space between letters alone, where it may end a command."""
    return re.sub(r"(?<![A-Za-z]) | (?![A-Za-z])", "", re.sub(" +", " ", tex))


def _is_formula(source: str) -> bool:
    if not re.search(r"[A-Za-z$√|]", source):
        return bool(re.fullmatch(r"-\d+(?:\.\d+)?(?:/\d+)?", source))
    if source[0] == "(" and _closes_at_end(source):
        return bool(_OPERATES.search(source)) and not re.search(r"[,;=<>≤≥≠]|\.\.\.", re.sub(r"\$[^$]+\$", "", source))
    if re.fullmatch(r"\$[^$]+\$|\w+", source) or _LIST_ITEM.fullmatch(source):
        return False
    return bool(_OPERATES.search(source) or re.search(r"[(\[{]", source))


def _closes_at_end(source: str) -> bool:
    depth = 0
    for index, sign in enumerate(source):
        depth += (sign == "(") - (sign == ")")
        if not depth:
            return index == len(source) - 1
    return False


def _run(text: str, at: int) -> Piece | None:
    """All units and signs from here that have no space between them."""
    tex, end = "", at
    if text[at] in "-−":
        tex, at = "-", at + 1
    while unit := _unit(text, at):
        tex, end = tex + unit[0], unit[1]
        sign = _SIGN.match(text, end)
        at = sign.end() if sign else end
        if sign and (sign[0] == "!" or _unit(text, at)):
            tex, end = tex + _SIGNS.get(sign[0], sign[0]), at
    return (tex, end) if tex not in ("", "-") else None


def _unit(text: str, at: int) -> Piece | None:
    """A name, a number, a root, or brackets with mathematics inside."""
    if atom := _ATOM.match(text, at):
        tex = f"{atom['formula']} " if atom["formula"] else f"\\{atom[0]}" if atom["function"] else atom[0]
        if atom["name"] and atom["name"][0] != "d":
            tex = rf"\mathrm{{{tex}}}"
        return tex, atom.end()
    if text.startswith("√", at):
        under = _unit(text, at + 1)
        return under and (rf"\sqrt{{{under[0][1:-1] if under[0][0] == '(' else under[0]}}}", under[1])
    opening = next((one for one in _PAIRS if text.startswith(one, at)), None)
    if opening is None or (opening == "<" and not _PRODUCT.match(text, at)):
        return None
    closing, left, right = _PAIRS[opening]
    inside = _inside(text, at + len(opening), closing)
    return inside and (f"{left}{inside[0].strip()}{right}", inside[1])


def _inside(text: str, at: int, closing: str) -> Piece | None:
    """What stands in brackets, with spaces and commas, up to the bracket that closes."""
    tex = ""
    while at < len(text):
        if text.startswith(closing, at) and tex:
            return (tex, at + len(closing)) if text[at - 1] != " " else None
        unit = _unit(text, at)
        if unit is None:
            sign = _INSIDE.match(text, at)
            unit = sign and (_SIGNS.get(sign[0], sign[0]), sign.end())
        if unit is None:
            return None
        tex, at = tex + unit[0], unit[1]
    return None
