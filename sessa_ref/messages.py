"""Text for messages: foreign text as one printable line, the reason of an error, and names close to an unknown one."""

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 1000
"""The most characters of a text that are shown."""


def one_line(text: object, longest: int = LONGEST) -> str:
    """`str(text)` in one line of printable characters, of bounded length.

    White space of any kind becomes single spaces; control and formatting characters, and lone surrogates, become
    visible escapes, so that a text can neither move a terminal's cursor nor break an encoding.
    """
    try:
        whole = str(text)
    except Exception as error:  # an exception whose own text raises
        whole = f"{type(text).__name__} without a text ({type(error).__name__})"
    shown = " ".join(whole[:longest].split())
    more = f" ... and {len(whole) - longest} more characters" if len(whole) > longest else ""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in shown) + more


def reason(error: BaseException) -> str:
    """Why something failed, in one line: the text of an operating system's error, or of one of ours.

    Other errors are bugs of the program; the name of their type is added.
    """
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if isinstance(error, OSError) and error.strerror:
        file = f": {error.filename}" if error.filename is not None else ""
        return one_line(f"{error.strerror}{file}")
    meant = isinstance(error, ValueError | OSError | ModuleNotFoundError) or type(error).__module__.startswith(
        "sessa_ref."
    )
    return one_line(error) if meant and not isinstance(error, UnicodeError) else one_line(_named(error))


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {one_line(error)}"


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: up to three known names that are most like it, or nothing.

    Names that begin with it come first: an erratum's "8-constant" for "8".
    """
    listed = list(known)
    begin = [one for one in listed if name and one.startswith((f"{name}-", f"{name}:"))]
    near = list(dict.fromkeys(begin + get_close_matches(name, listed, n=3, cutoff=0.4)))[:3]
    return f"; the nearest are {', '.join(near)}" if near else ""
