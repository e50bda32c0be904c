"""Files of installed packages are analysed without a mistake of our own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inference.installed import folder_of, python_files, sweep


def test_a_folder_of_keras_is_analysed_without_a_mistake() -> None:
    seen = sweep(python_files(folder_of("keras") / "src" / "layers" / "core"))
    assert seen.files > 10
    assert seen.errors == {}


def test_a_package_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="no package nothing_of_this_name"):
        folder_of("nothing_of_this_name")


def test_files_that_are_no_programs_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"\xff\xfe\x00 def (")
    (tmp_path / "b.py").write_text("x = (\n" * 300)
    seen = sweep(python_files(tmp_path))
    assert (seen.files, seen.unreadable, seen.errors) == (1, 1, {})


@pytest.mark.long
@pytest.mark.parametrize("package", ["keras", "tf_keras"])
def test_every_file_of_keras_is_analysed_without_a_mistake(package: str) -> None:
    seen = sweep(python_files(folder_of(package)))
    assert seen.files > 500
    assert seen.errors == {}
