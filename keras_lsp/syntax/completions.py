"""What kind of thing may be completed at a cursor."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from keras_lsp.syntax.calls import CallContext, CompletionKind, StringContext, call_at, shift_string, string_at
from keras_lsp.syntax.cursor import name_touching, token_before, window_around
from keras_lsp.syntax.names import AttributeContext, attribute_at
from keras_lsp.text.tokens import LogicalLine, Token, logical_line_at, tokenise


@dataclass(frozen=True, slots=True)
class CompletionContext:
    """What may be completed at the cursor.

    - "argument": a new argument begins: the keywords of `call`, and any name;
    - "attribute": a member of `attribute.base`;
    - "import-module": a module below `module` (empty for a top-level one), which may be relative;
    - "import-name": what can be imported from `module`; `names` are already imported there;
    - "string": inside a literal, of `call.active_keyword` when there is a call;
    - "none": a comment, a number, a name being defined.

    `start` to `end` is the text that a completion replaces and `prefix` its part before the cursor.
    """

    kind: CompletionKind
    start: int
    end: int
    prefix: str
    call: CallContext | None = None
    attribute: AttributeContext | None = None
    string: StringContext | None = None
    module: str = ""
    names: tuple[str, ...] = ()


def completion_context(text: str, offset: int) -> CompletionContext:
    """What may be completed at `offset`; see CompletionContext."""
    original, whole_offset = text, offset
    text, base = window_around(text, offset)
    offset -= base
    tokens = tokenise(text)
    index = bisect_right(tokens, offset - 1, key=lambda token: token.start) - 1
    nothing = CompletionContext("none", whole_offset, whole_offset, "")
    if index >= 0:
        token = tokens[index]
        if token.kind == "comment" and offset <= token.end:
            return nothing
        if token.kind == "number" and offset <= token.end:
            return nothing
    string = string_at(text, tokens, offset)
    if string is not None:
        call = call_at(original, whole_offset)
        string = shift_string(string, base)
        assert string is not None
        prefix = original[string.content_start : whole_offset]
        return CompletionContext("string", string.content_start, string.content_end, prefix, call, string=string)
    touching = name_touching(tokens, offset)
    start, end = (tokens[touching].start, tokens[touching].end) if touching >= 0 else (offset, offset)
    prefix = text[start:offset]
    at = (start + base, end + base, prefix)
    line = logical_line_at(text, offset)
    if line is not None and text[tokens[line.first].start : tokens[line.first].end] in ("import", "from"):
        return _import_context(text, tokens, line, start, at) or nothing
    attribute = attribute_at(original, whole_offset)
    if attribute is not None:
        return CompletionContext(
            "attribute", attribute.start, attribute.end, attribute.prefix, call_at(original, whole_offset), attribute
        )
    before = touching if touching >= 0 else index + 1
    previous = token_before(tokens, before, line.first if line else 0)
    word = text[tokens[previous].start : tokens[previous].end] if line and previous >= line.first else ""
    if word in ("def", "class", "as", "global", "nonlocal"):
        return nothing
    if word == ".":
        return nothing
    call = call_at(original, whole_offset)
    kind: CompletionKind = "name"
    if call is not None and not call.nesting and word in ("(", ","):
        kind = "argument"
    return CompletionContext(kind, *at, call)


def _import_context(
    text: str, tokens: Sequence[Token], line: LogicalLine, start: int, at: tuple[int, int, str]
) -> CompletionContext | None:
    """What is completed in an import statement whose cursor's word starts at `start`; None where a name is made up (`as`)."""
    before = [
        text[token.start : token.end]
        for token in tokens[line.first : line.last]
        if token.end <= start and token.kind not in ("newline", "comment", "continuation")
    ]
    if not before:
        return None
    if before[0] == "from" and "import" in before[1:]:
        split = before.index("import", 1)
        if before[-1] == "as":
            return None
        names = [word for word in before[split + 1 :] if word not in ("(", ",", "as")]
        expects = before[-1] in ("import", "(", ",")
        module = "".join(before[1:split])
        return CompletionContext("import-name", *at, module=module, names=tuple(names)) if expects else None
    if before[-1] in ("as", "import", "from", ","):
        return CompletionContext("import-module", *at) if before[-1] != "as" else None
    if before[-1] in (".", "..."):
        words: list[str] = []
        for word in reversed(before):
            if word in ("import", "from", ",", "as"):
                break
            words.append(word)
        module = "".join(reversed(words))
        relative = not module.strip(".")
        return CompletionContext("import-module", *at, module=module if relative else module[:-1])
    return None
