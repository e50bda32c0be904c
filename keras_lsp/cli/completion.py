"""`keras-lsp generate-shell-completion`: scripts for bash, zsh and fish, made from the parser that they complete."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell to complete in")


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    from keras_lsp.cli.main import make_parser

    sys.stdout.write(SHELLS[options.shell](make_parser()))
    return 0


def commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """Every command, its help in a line, and its parser."""
    for action in parser._actions:  # argparse has no public way to read a parser  # pyright: ignore[reportPrivateUsage]
        if isinstance(action, argparse._SubParsersAction):  # pyright: ignore[reportPrivateUsage]
            subparsers: Any = action  # pyright: ignore[reportUnknownVariableType]
            helps = {choice.dest: choice.help or "" for choice in subparsers._choices_actions}
            for name, command in subparsers.choices.items():
                yield name, helps.get(name, ""), command


def flags(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Every long option, its help, and what it takes where that is one of few words."""
    for action in parser._actions:  # pyright: ignore[reportPrivateUsage]
        if action.help == argparse.SUPPRESS:
            continue
        choices = tuple(str(choice) for choice in action.choices or ())
        for flag in action.option_strings:
            if flag.startswith("--"):
                yield flag, (action.help or "").split(". ")[0], choices


def _bash(parser: argparse.ArgumentParser) -> str:
    names = " ".join(name for name, _, _ in commands(parser))
    cases = "".join(
        f"    {name}) words='{' '.join(flag for flag, _, _ in flags(command))}' ;;\n"
        for name, _, command in commands(parser)
    )
    values = "".join(
        f"    {flag}) COMPREPLY=($(compgen -W '{' '.join(choices)}' -- \"$word\")); return ;;\n"
        for flag, choices in sorted({(f, c) for _, _, command in commands(parser) for f, _, c in flags(command) if c})
    )
    return f"""_keras_lsp() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}" words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '{names}' -- "$word"))
    return
  fi
  case "$previous" in
{values}  esac
  case "${{COMP_WORDS[1]}}" in
{cases}  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}}
complete -o filenames -F _keras_lsp keras-lsp
"""


def _zsh(parser: argparse.ArgumentParser) -> str:
    def quoted(text: str) -> str:
        return text.replace("'", "").replace("[", "(").replace("]", ")").replace(":", " -")

    names = "\n".join(f"    '{name}:{quoted(text)}'" for name, text, _ in commands(parser))
    cases: list[str] = []
    for name, _, command in commands(parser):
        lines = [
            f"      '{flag}[{quoted(text)}]{f':value:({chr(32).join(choices)})' if choices else ''}'"
            for flag, text, choices in flags(command)
        ]
        cases.append(f"    {name}) _arguments \\\n" + " \\\n".join([*lines, "      '*:file:_files'"]) + " ;;\n")
    return f"""#compdef keras-lsp
_keras_lsp() {{
  local -a names
  names=(
{names}
  )
  if (( CURRENT == 2 )); then
    _describe command names
    return
  fi
  local name=$words[2]
  shift words
  (( CURRENT-- ))
  case $name in
{"".join(cases)}  esac
}}
if [ "$funcstack[1]" = "_keras_lsp" ]; then
  _keras_lsp "$@"
else
  compdef _keras_lsp keras-lsp
fi
"""


def _fish(parser: argparse.ArgumentParser) -> str:
    def quoted(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    lines = [
        f"complete -c keras-lsp -n __fish_use_subcommand -f -a {name} -d {quoted(text)}"
        for name, text, _ in commands(parser)
    ]
    for name, _, command in commands(parser):
        for flag, text, choices in flags(command):
            takes = f" -x -a {quoted(' '.join(choices))}" if choices else ""
            lines.append(
                f"complete -c keras-lsp -n '__fish_seen_subcommand_from {name}' -l {flag[2:]}{takes} -d {quoted(text)}"
            )
    return "\n".join(lines) + "\n"


SHELLS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
