"""Whatever the text, there is a tree; what was not broken is in it, where it was."""

from __future__ import annotations

import ast
import random
import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_lsp.syntax.compiling import parse_expression
from keras_lsp.syntax.limits import MAX_TREE_DEPTH
from keras_lsp.syntax.parse import parse
from keras_lsp.syntax.parsed import ParsedModule
from keras_lsp.text.tokens import HOLE

from .programs import CLASSES, PROGRAMS, SEQUENTIAL

VALID = [SEQUENTIAL, CLASSES]


def dump(node: ast.AST) -> str:
    return ast.dump(node, include_attributes=True)


def checked(text: str, **options) -> ParsedModule:
    """A parse of `text`, with what holds for every parse."""
    module = parse(text, **options)
    assert module.text == text
    assert bool(module.problems) >= module.repaired or text.startswith("\ufeff")
    assert list(module.broken) == sorted(module.broken)
    for node in ast.walk(module.tree):
        if isinstance(node, (ast.stmt, ast.expr)):
            start, end = module.positions.span(node)
            assert 0 <= start <= end <= len(text)
            if isinstance(node, ast.Name) and node.id != HOLE and not module.is_broken(start) and text.isascii():
                assert text[start:end] == node.id
    return module


@pytest.mark.parametrize("text", VALID)
def test_valid_text_is_parsed_by_python_alone(text):
    module = checked(text)
    assert module.source is module.text
    assert (module.problems, module.broken, module.error) == ((), (), None)
    assert dump(module.tree) == dump(ast.parse(text))


def test_a_colon_on_a_line_of_its_own_moves_nothing_behind_it():
    text = "class A(B'C'D):\n    def call(self, x\n:\n        return x\n\n\nb = A()\n"
    module = checked(text)
    assert module.source.count("\n") == text.count("\n")
    assert text[slice(*module.positions.span(module.tree.body[-1]))] == "b = A()"


def test_positions_count_code_points():
    text = "é = '😋'; ü = model.add(x)\n\ty".replace("\n\t", "\n")
    module = checked(text)
    call = next(node for node in ast.walk(module.tree) if isinstance(node, ast.Call))
    assert text[slice(*module.positions.span(call))] == "model.add(x)"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("text", VALID)
def test_every_prefix_keeps_the_statements_before_it(text, newline):
    complete = ast.parse(text)
    text = text.replace("\n", newline)
    index = parse(text).positions
    whole = [(index.end(node), dump(node)) for node in complete.body]
    for length in range(0, len(text) + 1, 1 if newline == "\n" else 3):
        module = parse(text[:length])
        kept = {dump(node) for node in module.tree.body}
        for end, expected in whole:
            # The last statement may be another one without what follows (`x = 1` of `x = 12`).
            if end < length and text[end:length].strip(" \t") != "":
                assert expected in kept, (length, text[max(0, length - 40) : length])


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS)
def test_prefixes_and_suffixes_have_a_tree(text):
    for length in range(0, len(text) + 1, 2):
        checked(text[:length])
        checked(text[length:])


@pytest.mark.parametrize("text", VALID)
def test_a_line_being_typed_between_others_spoils_none_of_them(text):
    """Type each simple line of a program again, character by character, in its place."""
    lines = text.split("\n")
    simple = (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom, ast.Return)
    complete = [node for node in ast.walk(ast.parse(text)) if isinstance(node, simple)]
    for number, line in enumerate(lines):
        try:
            ast.parse(line.strip())
        except SyntaxError:
            continue
        if not line.strip() or line.strip().startswith(("#", '"')) or "quoted" in line or "paragraphs" in line:
            continue
        indent = len(line) - len(line.lstrip())
        for length in range(indent + 1, len(line), 3):
            typed = "\n".join([*lines[:number], line[:length], *lines[number + 1 :]])
            module = checked(typed)
            kept = {dump(node) for node in ast.walk(module.tree)}
            missing = {
                dump(node)
                for node in complete
                if dump(node) not in kept and not node.lineno <= number + 1 <= (node.end_lineno or 0)
            }
            assert not missing, (line[:length], missing)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("model.add(Dense(32, ", "model.add(Dense(32,)) "),
        ("model.add(Dense(32, \ny = 2\n", "model.add(Dense(32,)) \ny = 2\n"),
        ("tf.keras.layers.\nx = 3", "tf.keras.layers.ʘ\nx = 3"),
        ("x = Dense(32, activation=)", "x = Dense(32,**ʘ         )"),
        ("x = Dense(32, activation=", "x = Dense(32, activation= ʘ)"),
        ("x = Dense(units=)(a)\n", "x = Dense(**ʘ   )(a)\n"),
        ("f(a b, c)", "f(*ʘ , c)"),
        ("f(, c)", "f(*ʘ )"),
        ("x = ", "x = ʘ "),
        ("def f():\n  x = \n  y = 3\n", "def f():\n  x = ʘ \n  y = 3\n"),
        ("def f():\nx = 1\n", "def f(): pass\nx = 1\n"),
        ("def f(a, :\n  return a\n", "def f(a,):\n  return a\n"),
        ("class A(B", "class A(B): pass"),
        ("for ", "for ʘ in ʘ: pass "),
        ("try:\n  a = 1\n\nb = 2\n", "if 1:\n  a = 1\n\nb = 2\n"),
        ("try:\n  a = 1\nexcept E, e:\n  b = 2\n", "try:\n  a = 1\nexcept Exception:\n  b = 2\n"),
        ("else:\n  x = 1\n", "if ʘ:\n  x = 1\n"),
        ("if a:\n  b\nelse\n  c\n", "if a:\n  b\nelse:\n  c\n"),
        ("  x = 1\ny = 2", "  \ny = 2"),
        ("from keras.", "from keras.ʘ import ʘ"),
        ("from keras.layers import ", "from keras.layers import ʘ "),
        ("x = 'abc\ny = 1", "x = 'abc'\ny = 1"),
        ("x = $$\ny = 1", "x = ʘ\ny = 1"),
        ('print "a", x\n', 'print("a", x)\n'),
        ("\ufeffimport x", "\fimport x"),
        ("x\0=1", "x =1"),
        ("from keras\u00a0import\u00a0layers\nx = 1", "from keras import layers\nx = 1"),
        ("x = '\ud800'", "x = '_'"),
        ("class A:\n  def f(self, x\n    return x\n  def g(self): return 1\n", None),
    ],
)
def test_repairs(text, source):
    module = checked(text)
    if source is None:
        methods = module.tree.body[0].body
        assert [method.name for method in methods] == ["f", "g"]
        assert [type(method.body[0]) for method in methods] == [ast.Return, ast.Return]
    else:
        # Blank ends of lines mean nothing.
        assert [line.rstrip() for line in module.source.split("\n")] == [line.rstrip() for line in source.split("\n")]


def test_broken_says_which_statements_are_guesses():
    text = "a = 1\nb = f(\nc = 2\nd = (3 3)\ne = 4\n"
    module = checked(text)
    assert [text[start:end] for start, end in module.broken] == ["b = f(", "d = (3 3)"]
    assert module.problems[0].message == "'(' was never closed"
    assert [module.is_broken(text.index(name)) for name in "abcde"] == [False, True, False, True, False]
    assert [node.targets[0].id for node in module.tree.body] == list("abcde")


CLASS = """\
class A(Layer):
    '''Doc.'''

    def first(self, x):
        y = x
        return y

    def second(self, x):
        '''Second's doc.'''
        z = x
        return z

after = 1
"""


@pytest.mark.parametrize(
    "line", ["x", "@", "foo(", "x = [1,", "'''", "  y = (", "      y", ")", "'", "return", "x = {"]
)
@pytest.mark.parametrize(
    "place", ["        y = x\n", "        return y\n", "class A(Layer):\n", "    def second(self, x):\n", "after = 1\n"]
)
def test_a_stray_line_leaves_the_definitions_around_it(line, place):
    """Wherever in a class a line is typed, at whatever column, the class keeps its methods."""
    module = checked(CLASS.replace(place, place + line + "\n"))
    methods = [
        method.name
        for kept in module.tree.body
        if isinstance(kept, ast.ClassDef)
        for method in kept.body
        if isinstance(method, ast.FunctionDef)
    ]
    assert methods == ["first", "second"]


def test_sections_do_not_swallow_each_other():
    text = "x = [\n1]\nif a:\n    b = 2\ny = f(\nz = 3\n"
    cells = [(0, 6), (6, 9), (9, 15), (15, 25), (25, 32), (32, 38)]
    assert "".join(text[start:end] for start, end in cells) == text
    module = checked(text, sections=cells)
    names = {target.id for node in ast.walk(module.tree) if isinstance(node, ast.Assign) for target in node.targets}
    assert {"x", "y", "z"} <= names
    first = module.tree.body[0]
    assert isinstance(first, ast.Assign) and first.end_lineno == 1
    assert parse("x = 1\ny = 2\n", sections=[(0, 6), (6, 12)]).repaired is False


HOSTILE = {
    "unary": "-" * 100_000 + "1",
    "not": "not " * 50_000 + "x",
    "parentheses": "(" * 50_000 + ")" * 50_000,
    "open brackets": "[" * 50_000,
    "closing brackets": "f(" + ")" * 50_000,
    "attributes": "a" + ".a" * 20_000,
    "sums": "x = " + "+".join(["1"] * 50_000),
    "calls": "f" + "()" * 20_000,
    "elif": "if a: pass\n" + "elif a: pass\n" * 5_000,
    "indents": "".join(" " * depth + "if a:\n" for depth in range(500)) + " " * 500 + "pass",
    "quotes": "'" * 99_999,
    "triple": '"""\n' * 9_999,
    "backslashes": "\\\n" * 50_000 + "\\",
    "lambdas": "lambda: " * 5_000 + "1",
    "f-string": "f'" + "{" * 5_000,
    "semicolons": "x;" * 50_000,
    "bad lines": "a b\n" * 3_000,
    "bad blocks": "def f(:\n  a b\n" * 1_000,
    "open calls": "f(\n" * 3_000,
    "numbers": "x = " + "9" * 100_000,
    "binary": bytes(range(256)).decode("latin-1") * 100,
    "surrogates": "\ud800\udc00" * 1_000,
    "tabs": "if a:\n\tx\n        y\n  z\n",
    "decorators": "@a\n" * 5_000,
    "subscripts": "x" + "[0" * 5_000,
    "strings in calls": "f('" * 5_000,
    "5 MB": ("x = 1  # " + "padding" * 20 + "\n") * 33_000,
    "5 MB broken": ("x = (1  # " + "padding" * 20 + "\n") * 33_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text(text):
    started = time.process_time()
    module = parse("before = 1\n" + text + "\nafter = 2\n")
    assert time.process_time() - started < 20
    depth = 0
    level: list[ast.AST] = [module.tree]
    while level:
        depth += 1
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    assert depth <= MAX_TREE_DEPTH + 10
    if len(text) < 1_000_000:
        first = module.tree.body[0]
        assert isinstance(first, ast.Assign) and first.targets[0].id == "before"


PIECES = [
    *"ab=()[]{},:.'\"#\\\n\t *@;1\r\fé\ud800\0",
    "if ",
    "def ",
    "else:",
    "try:",
    "\n  ",
    '"""',
    "class A:",
    "for ",
    "import ",
]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
@settings(max_examples=500)
def test_any_text_has_a_tree(text):
    checked(text)


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS)
def test_mutated_programs_have_a_tree(text):
    """Cut, double and insert pieces at random, from a fixed seed."""
    chance = random.Random(7)
    for _ in range(150):
        broken = text
        for _ in range(chance.randint(1, 3)):
            start = chance.randrange(len(broken))
            end = min(len(broken), start + chance.randint(0, 30))
            piece = chance.choice(
                ["", "(", ")", "]", "\n", "'", '"""', "def ", ":", ",", ".", " = ", broken[start:end] * 2]
            )
            broken = broken[:start] + piece + broken[end:]
        checked(broken)


def test_python_says_nothing_about_other_peoples_texts() -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert parse("x = '\\d' if 1if y else 2").problems
        assert not parse("x = '\\d' if 1or y else 2").problems
        assert parse_expression("1if") is None
        assert isinstance(parse_expression("'\\d'"), ast.Constant)
    assert said == []
