"""Text edits at calls, which keep formatting and comments; `None` where an edit would not be certain to be right."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from keras_lsp.inference.facts import Argument, Call, LayerFact, Span
from keras_lsp.rules.base import Context
from keras_lsp.syntax.calls import CallContext, call_at
from keras_lsp.syntax.compiling import parse_expression
from keras_lsp.text.edits import TextEdit
from keras_lsp.text.tokens import tokenise


def written_call(context: Context, call: Call) -> CallContext | None:
    """The call as it stands in the text; `None` for calls whose source is elsewhere (helpers in other modules)."""
    if call.callee_span == call.span or not context.source(call.span).endswith(")"):
        return None
    found = call_at(context.text, call.span.end - 1)
    if found is None or found.close != call.span.end - 1 or context.parsed.is_broken(call.span.start):
        return None
    return found


def is_written(argument: Argument | None) -> bool:
    """Whether an argument stands at the call itself, so that it can be edited."""
    return argument is not None and not argument.unpacked and (argument.positional or argument.keyword_span is not None)


def written_expression(context: Context, argument: Argument) -> tuple[str, ast.expr] | None:
    """The text of an argument and its tree, whose positions count from that text; `None` where it is not written out."""
    if not is_written(argument):
        return None
    source = context.source(argument.span)
    expression = parse_expression(source)
    return (source, expression) if expression is not None else None


def place(call: Call, argument: Argument | None) -> Span:
    """Where to point at for an argument: keyword and value, or the callee if it came from elsewhere."""
    if argument is None or not is_written(argument):
        return argument.span if argument is not None and argument.unpacked else call.callee_span
    start = argument.keyword_span.start if argument.keyword_span is not None else argument.span.start
    return Span(start, argument.span.end)


def replace(span: Span, text: str) -> TextEdit:
    """Put a text in place of a span."""
    return TextEdit(span.start, span.end, text)


def rename_keyword(argument: Argument | None, name: str) -> tuple[TextEdit, ...] | None:
    """`old=x` -> `name=x`."""
    if argument is None or argument.keyword_span is None:
        return None
    return (replace(argument.keyword_span, name),)


def replace_value(argument: Argument | None, text: str) -> tuple[TextEdit, ...] | None:
    """`name=old` -> `name=text`."""
    if argument is None or not is_written(argument):
        return None
    return (replace(argument.span, text),)


def remove_arguments(context: Context, call: Call, names: Iterable[str]) -> tuple[TextEdit, ...] | None:
    """Take keyword arguments out of a call, with their commas; comments stay."""
    written = written_call(context, call)
    if written is None:
        return None
    unwanted: set[int] = set()
    for name in names:
        argument = call.arguments.get(name)
        if argument is None or argument.keyword_span is None or argument.unpacked:
            return None
        found = [i for i, a in enumerate(written.arguments) if a.start == argument.keyword_span.start]
        if not found:
            return None
        unwanted.add(found[0])
    edits: list[TextEdit] = []
    kept = [i for i in range(len(written.arguments)) if i not in unwanted]
    last_kept = kept[-1] if kept else -1
    for index in sorted(unwanted):
        start, end = written.arguments[index].start, written.arguments[index].end
        if index < last_kept:  # up to the next argument, but not over a comment
            following = written.arguments[index + 1].start
            if "#" in context.text[end:following]:
                comma = context.text.find(",", end, following)
                following = comma + 1 if comma >= 0 else end
                while context.text[following : following + 1] == " ":
                    following += 1
            end = following
        elif index > 0:
            start = written.arguments[index - 1].end
            if "#" in context.text[start : written.arguments[index].start]:
                start = written.arguments[index].start
        elif written.close is not None:
            comma = context.text[end : written.close]
            if comma.strip() in ("", ","):
                end = written.close
        edits.append(TextEdit(start, end, ""))
    return _merged(edits)


def _merged(edits: list[TextEdit]) -> tuple[TextEdit, ...]:
    """Neighbouring deletions as one."""
    merged: list[TextEdit] = []
    for edit in sorted(edits):
        if merged and edit.start <= merged[-1].end and not edit.new_text and not merged[-1].new_text:
            merged[-1] = TextEdit(merged[-1].start, max(edit.end, merged[-1].end), "")
        else:
            merged.append(edit)
    return tuple(merged)


def add_argument(context: Context, call: Call, text: str) -> tuple[TextEdit, ...] | None:
    """Add `text` (`name=value`) as the last argument, on a line of its own where the others have one."""
    written = written_call(context, call)
    if written is None or written.close is None:
        return None
    if not written.arguments:
        return (TextEdit(written.open + 1, written.open + 1, text),)
    last = written.arguments[-1]
    if last.star == "**" and len(written.arguments) > 1:
        last = written.arguments[-2]
    elif last.star:
        return (TextEdit(last.start, last.start, f"{text}, "),) if last.star == "**" else None
    indent = _indent_alone(context.text, last.start)
    separator = ",\n" + indent if indent is not None else ", "
    return (TextEdit(last.end, last.end, separator + text),)


def set_argument(context: Context, call: Call, name: str, value: str) -> tuple[TextEdit, ...] | None:
    """`name=value`: the value replaced if the argument is written, else the argument added."""
    argument = call.arguments.get(name)
    if argument is not None:
        return replace_value(argument, value)
    return None if call.unknown_arguments else add_argument(context, call, f"{name}={value}")


def _indent_alone(text: str, offset: int) -> str | None:
    """The white space before `offset` if nothing else stands before it on its line."""
    start = text.rfind("\n", 0, offset) + 1
    before = text[start:offset]
    return before if before and not before.strip() else None


def line_indent(text: str, offset: int) -> str:
    """The indentation of the line at an offset."""
    start = text.rfind("\n", 0, offset) + 1
    match = re.match(r"[ \t]*", text[start:offset])
    return match[0] if match else ""


def statement_at(context: Context, span: Span) -> ast.stmt | None:
    """The innermost simple statement that holds a span."""
    found: ast.stmt | None = None
    positions = context.parsed.positions
    body: list[ast.stmt] = list(context.parsed.tree.body)
    while body:
        inside = [node for node in body if positions.start(node) <= span.start and span.end <= positions.end(node)]
        if not inside:
            return found
        found = inside[0]
        body = list(_children(found))
    return found


def _children(statement: ast.stmt) -> Iterator[ast.stmt]:
    for name in ("body", "orelse", "finalbody"):
        yield from getattr(statement, name, ())
    for handler in getattr(statement, "handlers", ()):
        yield from handler.body
    for case in getattr(statement, "cases", ()):
        yield from case.body


def insert_before_statement(context: Context, span: Span, text: str) -> TextEdit | None:
    """A new line before the statement that holds a span; `None` if something else stands before it on its line."""
    statement = statement_at(context, span)
    if statement is None:
        return None
    start = context.parsed.positions.start(statement)
    line = context.text.rfind("\n", 0, start) + 1
    indent = context.text[line:start]
    if indent.strip():
        return None
    newline = "\r\n" if "\r\n" in context.text else "\n"
    return TextEdit(start, start, f"{text}{newline}{indent}")


def insert_before_layer(
    context: Context, layer: LayerFact, text: str, *, behind_input: bool = False
) -> tuple[TextEdit, ...] | None:
    """Put another layer (`text`, its constructor call) before this one in a Sequential: in the list, or by an `add`.

    What is put before the first layer is an `Input`, of which there must be none yet, unless it belongs `behind_input`.
    """
    span = layer.span
    outer = call_at(context.text, span.start)
    if outer is None or layer.index is None:
        return None
    last = outer.callee.rsplit(".", 1)[-1]
    if last == "Sequential" and outer.nesting in ("[", "("):
        if (
            layer.index == 0
            and not behind_input
            and "(" in context.text[outer.open + 1 : span.start].strip("([ \t\r\n")
        ):
            return None  # something stands before the first layer: an Input
        indent = _indent_alone(context.text, span.start)
        newline = "\r\n" if "\r\n" in context.text else "\n"
        separator = f",{newline}{indent}" if indent is not None else ", "
        return (TextEdit(span.start, span.start, text + separator),)
    if last == "add" and "." in outer.callee and not outer.nesting:
        receiver = outer.callee.rsplit(".", 1)[0]
        edit = insert_before_statement(context, span, f"{receiver}.add({text})")
        return None if edit is None else (edit,)
    return None


def spell(context: Context, near: Call, layer_name: str) -> tuple[str, tuple[TextEdit, ...]] | None:
    """How to write another member of `keras.layers` ("Input") beside a call, and the edit of an import it may need."""
    imports = context.facts.imports
    wanted = {f"keras.layers.{layer_name}", f"keras.{layer_name}"}
    for local, dotted in imports.items():
        if _plain(dotted) in wanted and "." not in local:
            return local, ()
    callee = re.sub(r"\s", "", context.source(near.callee_span))
    if "." in callee and re.fullmatch(r"[\w.]+", callee):
        prefix, _, name = callee.rpartition(".")
        if near.canonical.rsplit(".", 1)[-1] == name or near.canonical.startswith("keras.layers"):
            root = imports.get(prefix.split(".", 1)[0])
            if root is None or _plain(root).split(".")[0] in ("keras", "tensorflow"):
                if layer_name == "Input" and prefix.endswith(".layers"):
                    return f"{prefix.removesuffix('.layers')}.Input", ()
                return f"{prefix}.{layer_name}", ()
    for node in context.nodes(ast.ImportFrom):
        if node.module is None or not _plain(node.module).endswith("keras.layers"):
            continue
        if any((alias.asname or alias.name) == callee for alias in node.names):
            end = context.parsed.positions.end(node.names[-1])
            return layer_name, (TextEdit(end, end, f", {layer_name}"),)
    return None


def _plain(dotted: str) -> str:
    """A dotted name without the ways to say "the Keras inside TensorFlow"."""
    for prefix in ("tensorflow.python.keras", "tensorflow.keras", "tf_keras", "keras.api", "keras.src"):
        if dotted == prefix or dotted.startswith(prefix + "."):
            return "keras" + dotted[len(prefix) :]
    return dotted


def has_comment(context: Context, span: Span) -> bool:
    """Whether a comment stands inside a span."""
    return any(token.kind == "comment" for token in tokenise(context.source(span)))
