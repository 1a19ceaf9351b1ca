"""One-line faults that a careless edit could put into a file: all that fit, and some drawn by seed."""

import ast
import hashlib
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

SEED = 0
OPERATORS: dict[type, tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "//"),
    ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"),
    ast.RShift: (">>", "<<"),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}
# names that are easily taken for one another, whole or as a part between underscores
SIBLINGS = [
    *(("real", "fake"), ("generator", "discriminator"), ("beta1", "beta2"), ("gain", "bias"), ("min", "max")),
    *(("sum", "mean"), ("argmin", "argmax"), ("ones", "zeros"), ("rand", "randn")),
]
LOCAL = [  # names of functions' own, not of what objects have
    *(("d", "g"), ("left", "right"), ("first", "last"), ("first", "second"), ("there", "back")),
    *(("height", "width"), ("rows", "columns"), ("mean", "square"), ("step", "steps"), ("index", "step")),
    *(("real", "shown"), ("seeds", "labels"), ("labels", "others"), ("inputs", "outputs"), ("now", "mean")),
]
STREAMS = {"seed_of", "stream", "draw", "_view"}  # what takes the purpose of random numbers
LEFT_OUT = {"strict", "keepdim"}  # keywords that nothing depends on, or without which nothing runs
BUILT_IN = {"min", "max", "sum"}


class Fault(NamedTuple):
    """One mutant: `line` of `file` (the `nth` that reads so, from 0) becomes `becomes`."""

    file: str
    fault: str
    line: str
    becomes: str
    nth: int = 0

    def applied(self, source: str) -> str:
        """The source with the fault; ValueError where the line is no longer there."""
        lines = source.split("\n")
        places = [index for index, line in enumerate(lines) if line == self.line]
        if len(places) <= self.nth:
            raise ValueError(f"{self.file} has no line {self.line.strip()!r} any more")
        lines[places[self.nth]] = self.becomes
        return "\n".join(lines)


def draw(root: Path, shares: dict[str, int]) -> list[Fault]:
    """So many lines of each file, and one fault on each; what a file gives depends on no other file."""
    return [fault for file, count in shares.items() for fault in _drawn(root, file, count)]


def _drawn(root: Path, file: str, count: int) -> list[Fault]:
    by_line: dict[tuple[str, int], list[Fault]] = {}
    for fault in candidates(file, (root / file).read_text()):
        by_line.setdefault((fault.line, fault.nth), []).append(fault)
    chosen = sorted(by_line.values(), key=lambda faults: _order(faults[0].line, faults[0].nth))[:count]
    return [min(faults, key=_order_of) for faults in chosen]


def _order_of(fault: Fault) -> str:
    return _order(*fault)


def _order(*what: object) -> str:
    return hashlib.sha256(repr((SEED, *what)).encode()).hexdigest()


def candidates(file: str, source: str) -> Iterator[Fault]:
    """Every fault that is known here. Names become such as are there to be mistaken: none ends at once."""
    lines, tree = source.split("\n"), ast.parse(source)
    known = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    purposes = sorted({text.value for call in _stream_calls(tree) for text in _texts(call)})
    for node, names in _computing(tree, BUILT_IN):
        for name, (first, last, text) in _changes(node, lines, known, names, purposes):
            line = lines[node.lineno - 1]
            becomes = line[:first] + text + line[last:]
            if line.isascii() and becomes != line:
                yield Fault(file, name, line, becomes, lines[: node.lineno - 1].count(line))


def _computing(node: ast.AST, names: set[str]) -> Iterator[tuple[ast.AST, set[str]]]:
    """All below `node` on one line where a fault can matter, and the names of the function around it.

    Left out are annotations, messages and imports.
    """
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        names = BUILT_IN | {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        names |= {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)}
    for name, child in ast.iter_fields(node):
        for each in child if isinstance(child, list) else [child]:
            told = isinstance(each, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom)
            left_out = isinstance(each, ast.keyword) and each.arg in LEFT_OUT
            if not isinstance(each, ast.AST) or told or left_out:
                continue
            if name in ("annotation", "returns", "decorator_list", "bases"):
                continue
            if getattr(each, "lineno", None) and each.lineno == each.end_lineno:
                yield each, names
            yield from _computing(each, names)


Change = tuple[int, int, str]  # from and to column, and what stands there now


def _changes(
    node: ast.AST, lines: list[str], known: set[str], names: set[str], purposes: list[str]
) -> Iterator[tuple[str, Change]]:
    line = lines[node.lineno - 1]
    first, last = node.col_offset, node.end_col_offset
    match node:
        case ast.BinOp():
            yield from _operator(line, node.left, node.op, node.right)
        case ast.Compare(ops=[op]):
            yield from _operator(line, node.left, op, node.comparators[0])
        case ast.BoolOp(values=[left, right]):
            yield from _operator(line, left, node.op, right)
        case ast.AugAssign(op=ast.Add()):
            at = line.index("+=", first)
            yield "operator", (at, at + 2, "-=")
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield "sign or not dropped", (first, node.operand.col_offset, "")
        case ast.Constant(value=bool()):
            yield "constant", (first, last, str(not node.value))
        case ast.Constant(value=int() | float()):
            changed = node.value * 2 if isinstance(node.value, float) and node.value else node.value + 1
            yield "constant", (first, last, str(0 if node.value == 1 else changed))
        case ast.Constant(value=str(text)) if line[first:last] == f'"{text}"':
            for other in _siblings(text, SIBLINGS):
                yield "word of its sibling", (first, last, f'"{other}"')
        case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()):
            plain = isinstance(node, ast.Name)
            name, there = (node.id, names) if plain else (node.attr, known)
            for other in _siblings(name, SIBLINGS + LOCAL if plain else SIBLINGS):
                if other in there or other in BUILT_IN | {"mean", "argmin", "argmax", "rand", "randn"}:
                    yield "name of its sibling", (last - len(name), last, other)
        case ast.If() | ast.IfExp():
            test = node.test
            yield "condition turned", (test.col_offset, test.end_col_offset, f"not ({ast.unparse(test)})")
        case ast.Expr(value=ast.Call()) if "super" not in line and "simplefilter" not in line:
            yield "call left out", (first, last, "pass")
        case ast.Call():
            yield from _call(node, line, purposes)


def _call(node: ast.Call, line: str, purposes: list[str]) -> Iterator[tuple[str, Change]]:
    if isinstance(node.func, ast.Attribute) and node.func.attr == "detach":
        yield "not detached", (node.func.value.end_col_offset, node.end_col_offset, "")
    plain = [each for each in node.args if not isinstance(each, ast.Starred)]
    for one, other in pairwise(plain):
        between = line[one.end_col_offset : other.col_offset]
        texts = [line[each.col_offset : each.end_col_offset] for each in (other, one)]
        if texts[0] in _siblings(texts[1], SIBLINGS + LOCAL):
            yield "arguments swapped", (one.col_offset, other.end_col_offset, between.join(texts))
    if node in _stream_calls(node):
        for text in _texts(node):
            for other in purposes:
                if other != text.value:
                    yield "another's stream", (text.col_offset, text.end_col_offset, f'"{other}"')


def _operator(line: str, left: ast.expr, op: ast.AST, right: ast.expr) -> Iterator[tuple[str, Change]]:
    if type(op) in OPERATORS and left.end_lineno == right.lineno:
        here, there = OPERATORS[type(op)]
        at = line.index(here, left.end_col_offset)
        yield "operator", (at, at + len(here), there)


def _siblings(name: str, pairs: list[tuple[str, str]]) -> Iterator[str]:
    for pair in pairs:
        for one, other in (pair, pair[::-1]):
            changed = re.sub(rf"(?<![^_]){one}(?![^_])", other, name)
            if changed != name:
                yield changed


def _stream_calls(tree: ast.AST) -> list[ast.Call]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")) in STREAMS]


def _texts(call: ast.Call) -> list[ast.Constant]:
    return [each for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
