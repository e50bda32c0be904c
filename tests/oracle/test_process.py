"""Children that die, hang, babble and starve: the caller goes on, the state is visible, nobody is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keras_lsp.oracle.process import (
    Child,
    Command,
    Failure,
    KerasWorker,
    allowed_environment,
)
from keras_lsp.oracle.questions import LayerQuestion
from tests.patience import allowed

# A child that speaks the protocol and misbehaves on demand; the real worker is tested at the end.
SCRIPT = """
import json, os, sys, time
behaviour = sys.argv[1:]
if "dies-at-start" in behaviour:
    print("cannot find Keras", file=sys.stderr)
    sys.exit(1)
if "fails-at-start" in behaviour:
    print(json.dumps({"failed": "ModuleNotFoundError: No module named 'keras'"}), flush=True)
    sys.exit(1)
if "hangs-at-start" in behaviour:
    time.sleep(60)
print(json.dumps({"ready": {"protocol": 0 if "old" in behaviour else 1, "name": "somebody"}}), flush=True)
for line in sys.stdin:
    message = json.loads(line)
    ask = message["ask"]
    reply = {"id": message["id"], "answer": {"echo": ask}, "resident": 10}
    if ask == "die":
        sys.exit(3)
    elif ask == "crash":
        print("terrible things", file=sys.stderr, flush=True)
        os.abort()
    elif ask == "hang":
        time.sleep(60)
    elif ask == "babble":
        print("Hello, world", flush=True)
    elif ask == "number":
        print("7", flush=True)
    elif ask == "flood":
        while True:
            sys.stdout.write("x" * 1000000)
    elif ask == "wrong id":
        reply["id"] = 12345
    elif ask == "no answer":
        del reply["answer"]
    elif ask == "grow":
        reply["resident"] = 100000
    elif ask == "noise":
        for _ in range(20000):
            print("warning: " + "y" * 100, file=sys.stderr)
    elif ask == "pid":
        reply["answer"] = {"pid": os.getpid(), "group": os.getpgid(0), "environment": sorted(os.environ),
                           "folder": os.listdir("."), "home": os.environ["HOME"]}
    print(json.dumps(reply), flush=True)
"""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Child]]:
    script = tmp_path / "child.py"
    script.write_text(SCRIPT)
    made: list[Child] = []

    def start(*behaviour: str, start_seconds: float = 20.0) -> Child:
        arguments = (sys.executable, "-I", str(script), *behaviour)
        child = Child(Command(arguments, allowed_environment(), "the child", start_seconds, 1500))
        made.append(child)
        return child

    yield start
    for child in made:
        child.close()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie still has a number.
    return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z" if Path("/proc").exists() else True


def gone_soon(pid: int, seconds: float = 2.0) -> bool:
    until = time.monotonic() + allowed(seconds)
    while time.monotonic() < until:
        if not alive(pid):
            return True
        time.sleep(0.02)
    return False


def test_starts_lazily_and_answers_in_order(make: Callable[..., Child]) -> None:
    child = make()
    assert (child.state, child.pid) == ("not started", None)
    assert child.exchange(list(range(500))) == [{"echo": n} for n in range(500)]
    assert child.state == "ready somebody"
    child.close()
    assert child.state == "closed"
    assert child.exchange([1]) == [Failure("the child is closed")]


FAULTS = [
    ("die", "the child failed: it ended while answering"),
    ("crash", "the child failed: it ended while answering: terrible things"),
    ("hang", "the child failed: it did not answer within 4 s"),
    ("babble", "the child failed: it sent something that is not an answer"),
    ("number", "the child failed: it sent something that is not an answer"),
    ("flood", "the child failed: it sent more than could be an answer"),
    ("wrong id", "the child failed: it sent an answer to another question"),
    ("no answer", "the child failed: it sent an answer to another question"),
]


@pytest.mark.parametrize(("fault", "reason"), FAULTS, ids=[row[0].replace(" ", "-") for row in FAULTS])
def test_a_fault_costs_one_question(make: Callable[..., Child], fault: str, reason: str) -> None:
    child = make()
    assert child.start()
    pid = child.pid
    deadline = 4.0 if fault == "hang" else 60.0
    answers = child.exchange([1, 2, fault, 3, 4], deadline=deadline)
    assert answers == [{"echo": 1}, {"echo": 2}, Failure(reason), {"echo": 3}, {"echo": 4}]
    assert pid is not None
    assert gone_soon(pid)
    assert child.restarts == 1


def test_restarts_pause_longer_and_longer_and_say_so(make: Callable[..., Child]) -> None:
    child = make()
    states: list[str] = []
    child._on_state = states.append
    pauses = []
    for _ in range(3):
        began = time.monotonic()
        assert child.exchange([1])[0] == {"echo": 1}
        pauses.append(time.monotonic() - began)
        assert isinstance(child.exchange(["die"])[0], Failure)
    assert "restarting in 4 s" in states[-1]
    assert child.exchange([1], wait=False) == [Failure("the child is restarting in 4 s")]
    assert pauses[1] > 0.9 and pauses[2] > 1.9
    assert [state for state in states if "restarting" in state] == [f"restarting in {n} s" for n in (1, 2, 4)]
    assert "ready somebody" in states


def test_a_sound_child_is_forgiven(make: Callable[..., Child]) -> None:
    child = make()
    for _ in range(3):
        child.exchange(list(range(60)))
        child.exchange(["die"])
        assert child.state == "restarting in 1 s"


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("dies-at-start", "disabled: it ended while starting: cannot find Keras"),
        ("fails-at-start", "disabled: ModuleNotFoundError: No module named 'keras'"),
        ("hangs-at-start", "disabled: it was not ready after 0 s"),
        ("old", "disabled: it speaks another version of the protocol"),
    ],
)
def test_three_strikes(make: Callable[..., Child], behaviour: str, reason: str) -> None:
    child = make(behaviour, start_seconds=0.4 if behaviour == "hangs-at-start" else 20.0)
    assert child.exchange([1, 2]) == [Failure(f"the child is {reason}")] * 2
    assert child.state == reason
    assert child.disabled
    states: list[str] = []
    child._on_state = states.append
    assert child.exchange([1]) == [Failure(f"the child is {reason}")]
    assert states == []  # not even tried
    child.retry()
    assert child.state == "not started"


def test_an_interpreter_that_is_not_there(tmp_path: Path) -> None:
    worker = KerasWorker(tmp_path / "nobody")
    answer = worker.ask(LayerQuestion(name="keras.layers.Dense"), wait=False)
    assert answer.unknown is not None
    assert "cannot be started" in answer.unknown
    worker.close()


def test_a_grown_child_is_replaced_without_blame(make: Callable[..., Child]) -> None:
    child = make()
    child.exchange([1])
    before = child.pid
    states: list[str] = []
    child._on_state = states.append
    assert child.exchange(["grow", 2]) == [{"echo": "grow"}, {"echo": 2}]
    assert child.pid != before
    assert not any("restarting in" in state for state in states), "no pause"


def test_what_the_child_says_elsewhere_is_kept_short(make: Callable[..., Child]) -> None:
    child = make()
    assert child.exchange(["noise", 1]) == [{"echo": "noise"}, {"echo": 1}]
    assert len(child.log) <= 40


def test_the_child_has_a_group_a_folder_and_an_environment_of_its_own(
    make: Callable[..., Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("HTTPS_PROXY", "http://nowhere")
    monkeypatch.setenv("SECRET_TOKEN", "x")
    told = make().exchange(["pid"])[0]
    assert told["group"] == told["pid"] != os.getpgid(0)
    assert not {"PYTHONPATH", "HTTPS_PROXY", "SECRET_TOKEN"} & set(told["environment"])
    assert told["folder"] == []
    assert told["home"] != os.environ.get("HOME")


def test_a_stopped_child_is_killed(make: Callable[..., Child]) -> None:
    child = make()
    child.exchange([1])
    pid = child.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    assert isinstance(child.exchange([2], deadline=0.3)[0], Failure)
    assert gone_soon(pid)
    assert child.exchange([3]) == [{"echo": 3}]


def test_a_child_killed_between_questions_is_restarted(make: Callable[..., Child]) -> None:
    child = make()
    child.exchange([1])
    pid = child.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert gone_soon(pid)
    assert child.exchange([2]) == [{"echo": 2}]


def test_many_threads_ask_one_child(make: Callable[..., Child]) -> None:
    child = make()
    wrong: list[object] = []

    def work(start: int) -> None:
        numbers = range(start, start + 40)
        wrong.extend(n for n in numbers if child.exchange([n, -n]) != [{"echo": n}, {"echo": -n}])

    threads = [threading.Thread(target=work, args=(1000 * i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []


def test_closing_does_not_wait_for_a_question(make: Callable[..., Child]) -> None:
    child = make()
    child.exchange([1])
    got: list[object] = []
    asking = threading.Thread(target=lambda: got.extend(child.exchange(["hang"], deadline=50)))
    asking.start()
    time.sleep(0.2)
    began = time.monotonic()
    child.close()
    asking.join(30)
    assert time.monotonic() - began < 25  # half of what the question would have taken
    assert got == [Failure("the child is closed")]


def test_a_thread_that_ends_does_not_take_the_child_with_it(make: Callable[..., Child]) -> None:
    child = make()
    starter = threading.Thread(target=child.start)
    starter.start()
    starter.join(20)
    pid = child.pid
    time.sleep(0.2)
    assert child.exchange([1]) == [{"echo": 1}]
    assert child.pid == pid


# ---------------------------------------------------------------------- the real worker

DENSE = LayerQuestion(name="keras.layers.Dense", args=[3], inputs=[{"shape": [None, 4], "dtype": "float32"}])
# Constructing it takes many seconds: 20,000 steps of a Python loop over symbolic ops.
SLOW = LayerQuestion(
    name="keras.Sequential", args=[[{"layer": "Dense", "args": [3], "arguments": {"input_shape": (3,)}}] * 3000]
)

OWNER = """
import sys, time
from keras_lsp.oracle.process import KerasWorker
worker = KerasWorker(sys.executable)
assert worker.start(), worker.state
print(worker.pid, flush=True)
if sys.argv[1] == "exit":
    sys.exit(0)
time.sleep(60)
"""


@pytest.mark.parametrize("end", ["exit", "kill", "terminate"])
def test_the_worker_does_not_survive_its_owner(end: str) -> None:
    root = str(Path(__file__).parents[2])
    owner = subprocess.Popen([sys.executable, "-c", OWNER, end], stdout=subprocess.PIPE, text=True, cwd=root)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    if end == "kill":
        owner.kill()
    elif end == "terminate":
        owner.terminate()
    owner.wait(20)
    owner.stdout.close()
    assert gone_soon(pid, 3.0)


def test_the_real_worker_is_killed_hung_and_starved() -> None:
    with KerasWorker(sys.executable) as worker:
        assert worker.ask(DENSE).shape == (None, 3)
        pid = worker.pid
        assert pid is not None
        slow = worker.ask(SLOW, deadline=0.5)
        assert slow.unknown == "the Keras worker failed: it did not answer within 0.5 s"
        assert gone_soon(pid)
        assert worker.ask(DENSE).shape == (None, 3)
        assert worker.state.startswith("ready Keras 3")


def test_a_worker_without_memory_says_unknown() -> None:
    hungry = LayerQuestion(
        name="keras.layers.Embedding",
        args=[100_000, 100],
        arguments={"weights": [{"array": {"shape": [100_000, 100], "dtype": "float32"}}]},
        inputs=[{"shape": [None, 4], "dtype": "int32"}],
    )
    with KerasWorker(sys.executable, api="tf_keras", extra_memory=30 * 2**20) as worker:
        answer = worker.ask(hungry)
        assert answer.error is None
        assert answer.unknown is not None


def test_the_worker_writes_nothing_and_reads_no_file() -> None:
    with KerasWorker(sys.executable) as worker:
        assert worker.start()
        run = worker._run
        assert run is not None
        # Keras writes its settings when it is imported, and nothing can be written from then on.
        before = [(path.name, path.stat().st_mtime) for path in Path(run.folder).iterdir()]
        assert [name for name, _ in before] == ["keras.json"]
        lookup = LayerQuestion(name="keras.layers.StringLookup", args=[3, 1, None, "[UNK]", "keras.json"])
        assert worker.ask(lookup).unknown == "vocabulary='keras.json' names a file"
        assert worker.ask(DENSE).ok
        assert [(path.name, path.stat().st_mtime) for path in Path(run.folder).iterdir()] == before
        folder = run.folder
    assert not Path(folder).exists()
