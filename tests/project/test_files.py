"""Which files are found: those of the project, without what it excludes, and without following links."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from keras_lsp.project.files import FileProblem, discover, is_excluded, mentions_keras, read_bytes
from keras_lsp.project.settings import Settings, apply


def make(root: Path, *names: str, **contents: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return root


def found(root: Path, table: dict | None = None, paths: list[str] | None = None) -> list[str]:
    settings = apply(Settings(), table or {}).settings
    files, problems = discover([root / path for path in paths or ["."]], settings, root)
    assert problems == []
    return [Path(os.path.normpath(file)).relative_to(root).as_posix() for file in files]


def test_names_order_and_default_exclusions(tmp_path):
    make(
        tmp_path,
        "b.py",
        "a.pyi",
        "c.ipynb",
        "d.txt",
        "sub/e.py",
        ".venv/lib/f.py",
        "node_modules/g.py",
        "build/h.py",
        ".git/i.py",
    )
    assert found(tmp_path) == ["a.pyi", "b.py", "c.ipynb", "sub/e.py"]
    everything = {
        ".git/i.py",
        ".venv/lib/f.py",
        "a.pyi",
        "b.py",
        "build/h.py",
        "c.ipynb",
        "node_modules/g.py",
        "sub/e.py",
    }
    assert set(found(tmp_path, {"exclude": []})) == everything
    assert found(tmp_path, {"extend-exclude": ["sub", "*.pyi"]}) == ["b.py", "c.ipynb"]


def test_gitignore(tmp_path):
    make(tmp_path, "a.py", "gen/b.py", "gen/keep.py", "sub/c.py", "sub/d.py", "sub/deep/c.py", "x/out/y.py")
    (tmp_path / ".gitignore").write_text("gen/*\n!gen/keep.py\n/x/out/\n")
    (tmp_path / "sub" / ".gitignore").write_text("/c.py\n")
    assert found(tmp_path) == ["a.py", "gen/keep.py", "sub/d.py", "sub/deep/c.py"]
    assert "gen/b.py" in found(tmp_path, {"respect-gitignore": False})
    # The same from below, where the rules stand above the folder that is searched.
    (tmp_path / ".git" / "info").mkdir(parents=True)
    (tmp_path / ".git" / "info" / "exclude").write_text("d.py\n")
    assert found(tmp_path, paths=["sub"]) == ["sub/deep/c.py"]
    assert found(tmp_path, paths=["gen"]) == ["gen/keep.py"]
    settings = Settings()
    assert is_excluded(tmp_path / "gen" / "b.py", settings, tmp_path)
    assert is_excluded(tmp_path / "sub" / "c.py", settings, tmp_path)
    assert not is_excluded(tmp_path / "gen" / "keep.py", settings, tmp_path)


def test_named_files_are_checked_unless_exclusion_is_forced(tmp_path):
    make(tmp_path, "build/a.py", "script")
    assert found(tmp_path, paths=["build/a.py", "script", "build/a.py"]) == ["build/a.py", "script"]
    assert found(tmp_path, {"force-exclude": True}, ["build/a.py", "script"]) == ["script"]


def test_links_lead_nowhere(tmp_path):
    make(tmp_path / "project", "a.py", "sub/b.py")
    make(tmp_path / "outside", "c.py")
    (tmp_path / "project" / "sub" / "loop").symlink_to(tmp_path / "project", target_is_directory=True)
    (tmp_path / "project" / "other").symlink_to(tmp_path / "outside", target_is_directory=True)
    (tmp_path / "project" / "gone.py").symlink_to(tmp_path / "nothing.py")
    assert found(tmp_path / "project") == ["a.py", "sub/b.py"]


def test_what_cannot_be_checked_is_told(tmp_path):
    make(tmp_path, "a.py")
    os.mkfifo(tmp_path / "pipe.py")
    files, problems = discover([tmp_path, tmp_path / "pipe.py", tmp_path / "none", Path("a\0b")], Settings())
    assert [file.name for file in files] == ["a.py"]
    assert [problem.message for problem in problems][:2] == ["is neither a file nor a folder", "no such file or folder"]
    assert len(problems) == 3
    assert isinstance(read_bytes(tmp_path / "pipe.py"), FileProblem)
    (tmp_path / "big.py").write_bytes(b"#" * 5_000_001)
    assert "too large" in read_bytes(tmp_path / "big.py").message
    assert read_bytes(tmp_path / "a.py") == b""


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"import keras", True),
        (b"from tensorflow import x", True),
        (b"Keras", True),
        (b"import torch", False),
        (b"", False),
    ],
)
def test_gate(data, expected):
    assert mentions_keras(data) is expected
