"""Which file an import means."""

from __future__ import annotations

from pathlib import Path

import pytest

from keras_lsp.project.sources import MAX_MODULE_BYTES, DiskTexts, SourceFinder


def tree(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    tree(
        tmp_path / "work",
        "main.py",
        "nets/__init__.py",
        "nets/blocks.py",
        "nets/deep/__init__.py",
        "nets/deep/resnet.py",
        "src/app/__init__.py",
        "src/app/model.py",
        "scripts/train.py",
        "scripts/helper.py",
        "spaces/part.py",
    )
    tree(
        tmp_path / "site", "thirdparty/__init__.py", "thirdparty/layers.py", "keras/__init__.py", "main.py", "single.py"
    )
    return tmp_path


@pytest.mark.parametrize(
    ("importer", "name", "found"),
    [
        ("main.py", "nets", "work/nets/__init__.py"),
        ("main.py", "nets.blocks", "work/nets/blocks.py"),
        ("main.py", "nets.deep.resnet", "work/nets/deep/resnet.py"),
        ("main.py", "spaces.part", "work/spaces/part.py"),  # a namespace package
        ("main.py", "app.model", "work/src/app/model.py"),
        ("nets/blocks.py", ".deep", "work/nets/deep/__init__.py"),
        ("nets/blocks.py", ".", "work/nets/__init__.py"),
        ("nets/__init__.py", ".blocks", "work/nets/blocks.py"),
        ("nets/deep/resnet.py", "..blocks", "work/nets/blocks.py"),
        ("nets/deep/resnet.py", "...main", "work/main.py"),
        ("nets/deep/resnet.py", "nets.blocks", "work/nets/blocks.py"),
        ("src/app/model.py", "app", "work/src/app/__init__.py"),
        ("scripts/train.py", "helper", "work/scripts/helper.py"),  # a script's own folder
        ("scripts/train.py", "nets.blocks", "work/nets/blocks.py"),
        ("", "nets.blocks", "work/nets/blocks.py"),
        ("main.py", "thirdparty.layers", "site/thirdparty/layers.py"),
        ("main.py", "single", "site/single.py"),
        ("nets/blocks.py", "main", "work/main.py"),  # the workspace before what is installed
        ("main.py", "keras", None),
        ("main.py", "tensorflow.keras", None),
        ("main.py", "nothing", None),
        ("main.py", "nets.nothing", None),
        ("", ".blocks", None),
        ("main.py", "a/b", None),
        ("main.py", "..", None),
        ("main.py", "." * 100, None),
        ("main.py", "", None),
    ],
)
def test_where_a_module_is(workspace, importer, name, found):
    work = workspace / "work"
    finder = SourceFinder([str(work)], [str(workspace / "site")])
    source = finder.find(name, str(work / importer) if importer else "")
    assert (source and Path(source.path)) == (workspace / found if found else None)
    if source:
        assert source.text == f"# {Path(source.path).relative_to(workspace / found.split('/')[0]).as_posix()}\n"


def test_the_text_in_an_editor_counts(workspace):
    path = str(workspace / "work" / "nets" / "blocks.py")
    new = str(workspace / "work" / "unsaved.py")
    finder = SourceFinder([str(workspace / "work")], open_texts={path: "# typed\n", new: "# new\n"})
    assert finder.find("nets.blocks", "").text == "# typed\n"
    assert finder.find("unsaved", str(workspace / "work" / "main.py")).text == "# new\n"


def test_what_was_looked_at_is_remembered(workspace):
    work = workspace / "work"
    finder = SourceFinder([str(work)], [str(workspace / "site")])
    finder.find("nets.blocks", str(work / "main.py"))
    finder.find("missing", str(work / "main.py"))
    assert str(work / "nets" / "blocks.py") in finder.consulted
    assert str(work / "missing.py") in finder.consulted  # its creation would change the answer
    assert not any("site" in path for path in finder.consulted)


def test_a_change_on_disk_is_seen(tmp_path):
    disk = DiskTexts()
    path = tmp_path / "a.py"
    assert disk.read(str(path)) is None
    path.write_text("1")
    assert disk.read(str(path)) == "1"
    path.write_text("22")
    assert disk.read(str(path)) == "22"
    path.unlink()
    assert disk.read(str(path)) is None


def test_what_is_no_module(tmp_path):
    disk = DiskTexts()
    (tmp_path / "large.py").write_bytes(b"#" * (MAX_MODULE_BYTES + 1))
    (tmp_path / "binary.py").write_bytes(b"\0\1\2")
    (tmp_path / "folder.py").mkdir()
    for name in ("large.py", "binary.py", "folder.py", "nul\0.py"):
        assert disk.read(str(tmp_path) + "/" + name) is None


def test_memory_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("keras_lsp.project.sources.MAX_CACHED_BYTES", 1000)
    disk = DiskTexts()
    for number in range(50):
        path = tmp_path / f"m{number}.py"
        path.write_text("#" * 100)
        disk.read(str(path))
    assert sum(len(text or "") for _, text in disk._texts.values()) <= 1000
