"""All escaping, and the few forms of Markdown that stay readable where a client shows it as plain text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from keras_lsp.text.display import harmless

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")
# What ends or structures a Mermaid label; the rest is safe inside quotes.
_MERMAID = {'"': "#quot;", "#": "#35;", ";": "#59;", "<": "#lt;", ">": "#gt;", "\n": " "}


def visible(text: str) -> str:
    """Text of one line in which each steering character shows as one that cannot be shown."""
    return harmless(" ".join(text.split()))


def escape(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _MARKDOWN.sub(r"\\\1", visible(text))


def code(text: str) -> str:
    """Text as inline code, whatever backticks it holds."""
    text = visible(text)
    if not text:
        return ""
    fence = "`"
    while fence in text:
        fence += "`"
    padded = f" {text} " if text.startswith("`") or text.endswith("`") else text
    return f"{fence}{padded}{fence}"


def bold(text: str) -> str:
    """Escaped text in bold."""
    return f"**{escape(text)}**"


def items(lines: Iterable[str]) -> str:
    """Lines of Markdown as a list."""
    return "\n".join(f"- {line}" for line in lines)


def paragraphs(*parts: str) -> str:
    """Non-empty parts as paragraphs."""
    return "\n\n".join(part for part in parts if part)


def link(text: str, url: str) -> str:
    """A link, or nothing for anything but a web address."""
    if not url.startswith(("https://", "http://")) or re.search(r"[\s<>()]", url):
        return ""
    return f"[{escape(text)}]({url})"


def escape_html(text: str) -> str:
    """Text inside HTML or SVG, attributes included."""
    return html.escape("".join(c for c in text if c.isprintable() or c in "\n\t"), quote=True)


def escape_mermaid(text: str) -> str:
    """Text inside a quoted Mermaid label."""
    return "".join(_MERMAID.get(character, character) for character in visible(text))


def number(value: int) -> str:
    """`25,450`."""
    return f"{value:,}"


def memory(count: int) -> str:
    """What so many float32 numbers take: `98.1 KiB`."""
    size = count * 4.0
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return ""


_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,}).*$")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_CODE = re.compile(r"(`+)(.+?)(?<!`)\1(?!`)")
_LINK = re.compile(r"\[([^\]\n]*)\]\(([^)\n]*)\)")
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")


def plain_text(markdown: str) -> str:
    """Markdown as a terminal would show it: fences gone, emphasis and escapes resolved, links after their text."""
    lines: list[str] = []
    fence: str | None = None
    for line in markdown.split("\n"):
        match = _FENCE.match(line)
        if fence is not None:
            if match and match[1].startswith(fence):
                fence = None
            else:
                lines.append(line)
        elif match:
            fence = match[1]
        elif line.strip() in ("---", "***"):
            lines.append("")
        else:
            pieces = _CODE.split(re.sub(r"^#+ ", "", line))  # text, backticks, code, text, backticks, code, ...
            for index in range(0, len(pieces), 3):
                piece = _LINK.sub(
                    lambda found: f"{found[1]} ({found[2]})" if found[1] != found[2] else found[2], pieces[index]
                )
                pieces[index] = _ESCAPED.sub(r"\1", _EMPHASIS.sub(r"\2", piece))
            lines.append("".join(piece for index, piece in enumerate(pieces) if index % 3 != 1))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
