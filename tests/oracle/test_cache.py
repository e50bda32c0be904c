"""The cache of answers: shared, bounded, and indestructible."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from keras_lsp.oracle.cache import AnswerCache, default_path
from keras_lsp.oracle.process import KerasWorker
from keras_lsp.oracle.questions import Answer, LayerQuestion, unknown
from keras_lsp.oracle.service import KerasOracle, NullOracle, Oracle

HERE = ("3.15.1", "tensorflow")


def dense(units: int) -> LayerQuestion:
    return LayerQuestion(name="keras.layers.Dense", args=[units], inputs=[{"shape": [None, 3], "dtype": "float32"}])


def gives(units: int) -> Answer:
    return Answer(output={"shape": [None, units], "dtype": "float32"}, params=4 * units, trainable=4 * units)


def test_answers_are_kept_by_version_backend_and_question(tmp_path: Path) -> None:
    first = AnswerCache(tmp_path / "a.sqlite3")
    first.put(*HERE, dense(3), gives(3))
    first.put(*HERE, dense(4), unknown("not now"))
    second = AnswerCache(tmp_path / "a.sqlite3")
    assert second.get(*HERE, dense(3)) == gives(3)
    assert second.get(*HERE, dense(4)) is None
    assert second.get("2.15.0", "tensorflow", dense(3)) is None
    assert second.get("3.15.1", "jax", dense(3)) is None


def test_two_processes_share_answers(tmp_path: Path) -> None:
    path = tmp_path / "shared.sqlite3"
    writer = (
        "import sys\n"
        "from pathlib import Path\n"
        "from keras_lsp.oracle.cache import AnswerCache\n"
        "from keras_lsp.oracle.questions import Answer, LayerQuestion\n"
        "cache = AnswerCache(Path(sys.argv[1]))\n"
        "for n in range(int(sys.argv[2]), int(sys.argv[2]) + 200):\n"
        "    question = LayerQuestion(name='keras.layers.Dense', args=[n],\n"
        "        inputs=[{'shape': [None, 3], 'dtype': 'float32'}])\n"
        "    answer = Answer(output={'shape': [None, n], 'dtype': 'float32'}, params=4 * n, trainable=4 * n)\n"
        "    cache.put('3.15.1', 'tensorflow', question, answer)\n"
        "assert cache.problem is None, cache.problem\n"
    )
    root = str(Path(__file__).parents[2])
    children = [
        subprocess.Popen([sys.executable, "-c", writer, str(path), str(start)], cwd=root) for start in (1, 1001)
    ]
    assert [child.wait(60) for child in children] == [0, 0]
    cache = AnswerCache(path)
    assert all(cache.get(*HERE, dense(n)) == gives(n) for start in (1, 1001) for n in range(start, start + 200))


def test_threads_share_one_cache(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "a.sqlite3")

    def work(start: int) -> None:
        for n in range(start, start + 50):
            cache.put(*HERE, dense(n), gives(n))
            assert cache.get(*HERE, dense(n)) == gives(n)

    threads = [threading.Thread(target=work, args=(100 * i + 1,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = AnswerCache(tmp_path / "a.sqlite3")
    assert all(again.get(*HERE, dense(100 * i + 1 + n)) is not None for i in range(4) for n in range(50))


@pytest.mark.parametrize("damage", [b"not a database at all" * 200, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_file_is_replaced(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "a.sqlite3"
    path.write_bytes(damage)
    cache = AnswerCache(path)
    cache.put(*HERE, dense(3), gives(3))
    assert cache.get(*HERE, dense(3)) == gives(3)
    assert cache.problem is None
    assert AnswerCache(path).get(*HERE, dense(3)) == gives(3)


def test_a_file_damaged_in_use_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    cache = AnswerCache(path)
    for n in range(1, 400):
        cache.put(*HERE, dense(n), gives(n))
    cache.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(bytes(data))
    again = AnswerCache(path)
    for n in range(400, 500):
        again.put(*HERE, dense(n), gives(n))
        assert again.get(*HERE, dense(n)) == gives(n)


def test_a_foreign_table_and_foreign_content_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE answers (something TEXT)")
    cache = AnswerCache(path)
    cache.put(*HERE, dense(3), gives(3))
    assert cache.get(*HERE, dense(3)) == gives(3)
    cache.close()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE answers SET answer = '{\"weights\": 3}'")
    assert AnswerCache(path).get(*HERE, dense(3)) is None


def test_a_place_that_cannot_be_written_means_memory(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    cache = AnswerCache(blocked / "sub" / "a.sqlite3")
    cache.put(*HERE, dense(3), gives(3))
    assert cache.get(*HERE, dense(3)) == gives(3)
    assert cache.problem is not None
    assert cache.problem.startswith("answers are kept in memory only")


def test_a_full_disk_means_memory(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from keras_lsp.oracle.cache import AnswerCache\n"
        "from keras_lsp.oracle.questions import Answer, LayerQuestion\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "cache = AnswerCache(Path(sys.argv[1]))\n"
        "for n in range(1, 1000):\n"
        "    question = LayerQuestion(name='keras.layers.Dense', args=[n])\n"
        "    cache.put('3', 'tensorflow', question, Answer(name=str(n)))\n"
        "    assert cache.get('3', 'tensorflow', question) == Answer(name=str(n))\n"
        "assert cache.problem is not None\n"
    )
    root = str(Path(__file__).parents[2])
    child = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.sqlite3")], cwd=root, timeout=60)
    assert child.returncode == 0


def test_the_file_stays_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    cache = AnswerCache(path, max_bytes=300_000)
    for start in range(0, 6_000, 100):
        cache.put_many(*HERE, [(dense(n + 1), gives(n + 1)) for n in range(start, start + 100)])
    cache.close()
    assert path.stat().st_size < 900_000
    assert AnswerCache(path).get(*HERE, dense(6_000)) == gives(6_000)


def test_the_place_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KERAS_LSP_CACHE_DIR", str(tmp_path))
    assert default_path().parent == tmp_path
    monkeypatch.delenv("KERAS_LSP_CACHE_DIR")
    assert "keras-lsp" in str(default_path())


def test_a_question_is_asked_once(keras3_worker: KerasWorker, tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    oracle = KerasOracle(keras3_worker, AnswerCache(path))
    assert oracle.known(dense(7)) is None
    assert oracle.ask(dense(7)).shape == (None, 7)
    assert oracle.known(dense(7)) is not None
    version = keras3_worker.identity.keras if keras3_worker.identity else ""
    # Another session, with a worker that could not even start, knows it too, by the version of the installed Keras.
    broken = KerasWorker(tmp_path / "no-such-python")
    other = KerasOracle(broken, AnswerCache(path), keras=version)
    answers = other.ask_many([dense(7), dense(8)])
    assert answers[0].shape == (None, 7)
    assert answers[1].unknown is not None
    assert "cannot be started" in answers[1].unknown


def test_nobody_answers_with_a_reason() -> None:
    oracle: Oracle = NullOracle("the workspace is not trusted")
    assert oracle.ask(dense(3)).unknown == "the workspace is not trusted"
    assert oracle.state == "disabled: the workspace is not trusted"
    assert oracle.known(dense(3)) is None
