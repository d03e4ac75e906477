"""Reads the Coq files: which statements there are, what is left of them, which file proves them. It needs no Coq."""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FOLDER = Path(__file__).resolve().parent

_THEOREM = re.compile(r"^\s*(?:Theorem|Lemma|Corollary|Proposition|Fact|Remark|Example)\s+([\w']+)", re.MULTILINE)
_DEFINITION = re.compile(
    r"^[ \t]*(?:Definition|Fixpoint|Inductive|Record|CoInductive|Structure)\s+([\w']+)", re.MULTILINE
)
_TOKEN = re.compile(r'\(\*|\*\)|"[^"]*"?')
_PROPOSITION = re.compile(r"\s*:\s*Prop\s*:=")
REQUIRED = re.compile(r"From\s+Sessa(\.[\w.]+)?\s+Require\s+(Import\s+|Export\s+)?([\w.\s']+?)\.(?=\s|$)")
"""How a file requires others of these: their folder, how they are imported, and their names."""

_KINDS = ("def", "asm", "rem", "lem", "prop", "thm", "cor")


@dataclass(frozen=True)
class Statement:
    """A proposition of Statements.v that is to be proved.

    Attributes:
        name: in Statements.v, such as "thm_28", with the modules that it is in.
        row: the id that its name or the line `Row: ...` of its comment gives; "" where that says none.
        left: what of the row it does not prove, the line `Left: ...` of its comment; "" where it proves all.
        comment: the comment above it, without these two lines.
        section: the heading that it is under.
        code: its definition, with that of its hypotheses before it.
        hypotheses: the name of the predicate of its hypotheses; "" where there is none.
    """

    name: str
    row: str
    left: str
    comment: str
    section: str
    code: str
    hypotheses: str

    @property
    def short(self) -> str:
        """The name without modules."""
        return self.name.rpartition(".")[2]

    @property
    def names(self) -> tuple[str, ...]:
        """The definitions that it consists of, without modules."""
        return (f"{self.short}_hypotheses", self.short) if self.hypotheses else (self.short,)


@dataclass(frozen=True)
class Bend:
    """A change of one statement after which its proof must not compile.

    Attributes:
        statement: its name, without modules.
        about: the change in words.
        find: text that occurs exactly once in the statement, or in its hypotheses.
        replace: what comes in its place.
        inside: the definition that changes, where it is neither of these two.
        counterexample: the theorem that proves the bent statement false, where there is one.
    """

    statement: str
    about: str
    find: str
    replace: str
    inside: str = ""
    counterexample: str = ""


class Sources:
    """The Coq files of a folder, by name: "Statements.v", "proofs/Solve.v", "counterexamples/Solve.v"."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        names = ["Statements.v", *sorted(f"{file.parent.name}/{file.name}" for file in folder.glob("*/*.v")
                                         if file.parent.name in ("proofs", "counterexamples"))]  # fmt: skip
        self.texts = {name: (folder / name).read_bytes().decode().replace("\r\n", "\n") for name in names}

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """In the file's order."""
        return tuple(_statements(self.texts["Statements.v"]))

    @cached_property
    def topics(self) -> dict[str, list[Statement | str]]:
        """By heading: the statements, and the code before, between and after them, in the file's order."""
        text = self.texts["Statements.v"]
        plain, owners = without_comments(text), {name: one for one in self.statements for name in one.names}
        found: dict[str, list[Statement | str]] = {}
        parts = re.split(r"(?m)^\(\*\* \* (.*?) \*\)$", text)
        at = len(parts[0])
        for title, body in zip(parts[1::2], parts[2::2], strict=True):
            at = text.index(body, at) if body else at
            found[title] = list(_pieces(text, plain, at, at + len(body), owners))
            at += len(body)
        return found

    @cached_property
    def bends(self) -> tuple[Bend, ...]:
        """Of bends.toml.

        Raises:
            ValueError: the file is no list of bends.
        """
        file = self.folder / "bends.toml"
        try:
            entries = tomllib.loads(file.read_text(encoding="utf-8")).get("bend", []) if file.exists() else []
            return tuple(Bend(**entry) for entry in entries)
        except (TypeError, tomllib.TOMLDecodeError) as error:
            raise ValueError(f"{file} is no list of bends: {error}") from None

    @cached_property
    def files(self) -> dict[str, str]:
        """The file of every theorem."""
        return {name: file for file, text in self.texts.items() for name in theorems(text)}

    def proof_file(self, statement: Statement) -> str:
        """The file with its proof; "" where there is none."""
        return self.files.get(f"{statement.short}_holds", "")

    def counterexamples(self, statement: Statement) -> list[str]:
        """The theorems that prove changes of it false."""
        refuting = [name for name, file in self.files.items() if file.startswith("counterexamples/")]
        return [name for name in refuting if name.endswith("_false") and self.owner(name) == statement.short]

    def owner(self, theorem: str) -> str:
        """The statement whose name a theorem's begins with; "" where there is none."""
        shorts = [one.short for one in self.statements if theorem.startswith(f"{one.short}_")]
        return max(shorts, key=len, default="")

    def needs(self, file: str) -> list[str]:
        """The files that one rests on, each after those that it rests on; itself last."""
        found: list[str] = []
        self._collect(file, found)
        return found

    def rests_on(self, statement: Statement) -> list[str]:
        """The files of its proof and of its counterexamples, and those that these rest on."""
        named = [bend.counterexample for bend in self.bends if bend.statement == statement.short]
        files = [self.files.get(name, "") for name in (*self.counterexamples(statement), *named)]
        found: list[str] = []
        for file in filter(None, (self.proof_file(statement), *sorted(files))):
            self._collect(file, found)
        return found

    def fingerprint(self, statement: Statement) -> str:
        """Twelve hexadecimal digits for all that is recorded of it: the files that it rests on, and the bent statements."""
        digest = hashlib.sha256(statement.name.encode())
        for name in self.rests_on(statement):
            digest.update(name.encode() + b"\0" + self.texts[name].encode())
        for bend in self.bends:
            if bend.statement == statement.short:
                digest.update(repr(bend).encode())
        return digest.hexdigest()[:12]

    def _collect(self, file: str, found: list[str]) -> None:
        if file in found:
            return
        for path in self._required[file]:
            self._collect(path, found)
        found.append(file)

    @cached_property
    def _required(self) -> dict[str, list[str]]:
        """By file, those that it names itself."""
        return {
            file: [path for path in _named(text) if path in self.texts and path != file]
            for file, text in self.texts.items()
        }


def without_comments(text: str, blank_strings: bool = True) -> str:
    """The text with blanks in place of comments, and of strings too; the places of all else stay."""
    kept, depth, at = [], 0, 0
    for found in _TOKEN.finditer(text):
        kept.append(_blank(text[at : found.start()]) if depth else text[at : found.start()])
        token, at = found[0], found.end()
        opens, closes = token == "(*", token == "*)" and depth > 0
        code = not opens and not closes and not depth and not (token[0] == '"' and blank_strings)
        kept.append(token if code else _blank(token))
        depth += opens - closes
    return "".join([*kept, _blank(text[at:]) if depth else text[at:]])


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _named(text: str) -> Iterator[str]:
    """The files that a file requires."""
    for folder, _, names in REQUIRED.findall(without_comments(text)):
        for name in names.split():
            yield "/".join([*(folder or "").split(".")[1:], *name.split(".")]) + ".v"


def theorems(text: str) -> list[str]:
    """The names of the theorems of a file, in its order."""
    return _THEOREM.findall(without_comments(text))


def definition_spans(text: str) -> dict[str, tuple[int, int]]:
    """Where each definition of a file begins and ends; of several with one name, in sections or modules, the last."""
    return dict(_definitions(text))


def _definitions(text: str) -> list[tuple[str, tuple[int, int]]]:
    """Where all definitions begin and end, in the file's order."""
    plain = without_comments(text)
    return [(found[1], (found.start(), _end(plain, found.start()))) for found in _DEFINITION.finditer(plain)]


def theorem_spans(text: str) -> dict[str, tuple[int, int]]:
    """Where each theorem of a file begins, and where its proof ends."""
    plain, spans = without_comments(text), {}
    for found in _THEOREM.finditer(plain):
        end = re.compile(r"\b(?:Qed|Defined)\s*\.(?=\s|$)").search(plain, found.end())
        spans[found[1]] = (found.start(), end.end() if end else len(text))
    return spans


def sentences(text: str) -> list[str]:
    """The sentences of a file, without comments."""
    return [part.strip() for part in re.split(r"\.(?=\s|$)", without_comments(text)) if part.strip()]


def row_of(name: str) -> str:
    """The row that a statement's name stands for: "lem_B_5" is "lem:B.5", "ours_x_y" is "ours:x-y"."""
    kind, _, number = name.partition("_")
    if kind == "ours":
        return f"ours:{number.replace('_', '-')}"
    return f"{kind}:{number.replace('_', '.')}" if kind in _KINDS else ""


def _statements(text: str) -> list[Statement]:
    plain, spans, found = without_comments(text), definition_spans(text), []
    for name, (start, end) in spans.items():
        head = re.compile(rf"\s*Definition\s+{re.escape(name)}").match(plain, start)
        if not head or not _PROPOSITION.match(plain, head.end()):
            continue
        predicate = f"{name}_hypotheses" if f"{name}_hypotheses" in spans else ""
        parts = [spans[predicate], (start, end)] if predicate else [(start, end)]
        comment = "\n\n".join(filter(None, (_comment_above(text, plain, begin) for begin, _ in parts)))
        modules = _open(plain[:start], "Module")
        lines = {key: _line(comment, key) for key in ("Row", "Left")}
        row = lines["Row"] or row_of(name)
        left = lines["Left"]
        found.append(
            Statement(
                ".".join([*modules, name]),
                "" if row == "none" else row,
                "" if left.rstrip(".") in ("none", "nothing") else left,
                _without_lines(comment),
                _heading(text[:start]),
                "\n\n".join(text[begin:stop].strip("\n") for begin, stop in parts),
                ".".join([*modules, predicate]) if predicate else "",
            )
        )
    return found


def _pieces(text: str, plain: str, begin: int, stop: int, owners: dict[str, Statement]) -> Iterator[Statement | str]:
    """What a part of the file consists of; the comments of statements are theirs."""
    code, at = "", begin
    for name, (start, end) in _definitions(text):
        if not begin <= start < stop:
            continue
        if name not in owners:
            code, at = code + text[at:end], end
            continue
        own = at + len(plain[at:start].rstrip())  # what is not comment before it, such as the beginning of a module
        code, at = code + text[at:own], end
        if name == owners[name].short:
            if code.strip():
                yield code.strip("\n")
            yield owners[name]
            code = ""
    code += text[at:stop]
    if code.strip():
        yield code.strip("\n")


def sentence_end(text: str, start: int) -> int:
    """Where the sentence ends that begins at a place."""
    return _end(without_comments(text), start)


def _end(plain: str, start: int) -> int:
    found = re.compile(r"\.(?=\s|$)").search(plain, start)
    return found.end() if found else len(plain)


def _comment_above(text: str, plain: str, start: int) -> str:
    """The comments between the code before a place and the place; headings are none."""
    before = len(plain[:start].rstrip())
    blocks = re.findall(r"\(\*\*?(.*?)\*\)", text[before:start], re.DOTALL)
    kept = [_plain(block) for block in blocks if not block.lstrip().startswith("* ")]
    return "\n\n".join(kept)


def _heading(before: str) -> str:
    found = re.findall(r"\(\*\* \*+ (.*?)\s*\*\)", before, re.DOTALL)
    return " ".join(found[-1].split()) if found else ""


def stray_comments(text: str, statements: Iterable[Statement]) -> list[str]:
    """The comments with a line `Row: ...` or `Left: ...` that are above no statement."""
    blocks = [_plain(block) for block in re.findall(r"\(\*\*?(.*?)\*\)", text, re.DOTALL)]
    told = [one.comment for one in statements]
    marked = [block for block in blocks if re.search(r"(?m)^(?:Row|Left):", block)]
    return [block for block in marked if not any(_without_lines(block) in comment for comment in told)]


def _plain(block: str) -> str:
    return re.sub(r"(?m)^[ \t]+", "", block).strip()


def _line(comment: str, key: str) -> str:
    found = re.search(rf"(?ms)^{key}:\s*(.+?)(?=\n\s*\n|\n(?:Row|Left):|\Z)", comment)
    return " ".join(found[1].split()) if found else ""


def _without_lines(comment: str) -> str:
    return re.sub(r"(?ms)^(?:Row|Left):.+?(?=\n\s*\n|\n(?:Row|Left):|\Z)", "", comment).strip()


def _open(before: str, kind: str) -> list[str]:
    """The modules or sections that are open at the end of a text."""
    stack: list[tuple[str, str]] = []
    for sentence in sentences(before):
        opened = re.match(r"(Module|Section)\s+(?:Import\s+|Export\s+)?(\w+)\s*$", sentence)
        closed = re.match(r"End\s+(\w+)$", sentence)
        if opened:
            stack.append((opened[1], opened[2]))
        elif closed and stack:
            stack.pop()
    return [name for what, name in stack if kind in (what, "any")]


def still_open(text: str) -> list[str]:
    """The modules and sections that a text does not close, the innermost last."""
    return _open(text, "any")
