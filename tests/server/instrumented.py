"""The real server with a few methods more, by which tests make handlers slow, noisy and faulty."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from keras_lsp.server import main


def instrument() -> None:
    from keras_lsp.server import requests
    from keras_lsp.server.dispatch import Endpoint

    def sleep(_context, params):
        time.sleep(params["seconds"])
        return "slept"

    def hold(_context, params):
        """Work that lasts until the test says so: until it makes the file; another one says that it has begun."""
        open(params["file"] + ".begun", "w").close()
        end = time.monotonic() + 120
        while not os.path.exists(params["file"]) and time.monotonic() < end:
            time.sleep(0.01)
        return "held"

    def hold_analyses(_context, params):
        """Analyses last until the test makes the file."""
        from keras_lsp.server import session

        analyse = session.analyse_document

        def held(*arguments):
            hold(None, params)
            return analyse(*arguments)

        session.analyse_document = held

    def shout(_context, _params):
        print("print on the wire", flush=True)
        os.write(1, b"a C library on the wire\n")
        subprocess.run([sys.executable, "-c", "print('a child on the wire'); import sys; sys.stdin.read()"], check=True)
        return "shouted"

    def fail(_context, _params):
        raise RuntimeError("secret source text")

    def text(session, params):
        unit = session.unit(params["uri"])
        return None if unit is None else [part.document.text for part in unit.parts]

    def modules(_context, _params):
        return sorted(sys.modules)

    def child(application, _params):
        # A real child of ours: the Jedi process.
        from pathlib import Path

        from keras_lsp.oracle.names.client import NameOracle

        names = application.worlds._name_oracles["test"] = NameOracle(Path(sys.prefix))
        assert names.start(), names.state
        return names.pid

    def questions(application, params):
        """An analysis that could not know a shape, as one of the document."""
        from types import SimpleNamespace

        from keras_lsp.inference.facts import Question
        from keras_lsp.oracle.questions import LayerQuestion, tensor

        dense = LayerQuestion(
            name="keras.layers.Dense", arguments={"units": params["units"]}, inputs=[tensor((None, 7))]
        )
        key = params.get("key", "what Dense gives")
        facts = SimpleNamespace(questions=[Question(key, dense.to_json())])
        unit = application.session.unit(params["uri"])
        application.background.ask(unit, SimpleNamespace(facts=facts))

    def answers(application, params):
        worlds = application.worlds
        project = worlds.project(application.session.unit(params["uri"]).path)
        return {
            "answers": {key: answer["output"]["shape"] for key, answer in worlds.answers(project).items()},
            "state": worlds.state(),
            "pids": [oracle._worker.pid for oracle in worlds._keras_oracles.values() if hasattr(oracle, "_worker")],
        }

    requests.ENDPOINTS += (
        Endpoint("test/questions", questions, lane="session"),
        Endpoint("test/answers", answers, lane="session"),
        Endpoint("test/sleep", sleep),
        Endpoint("test/hold", hold),
        Endpoint("test/holdAnalyses", hold_analyses),
        Endpoint("test/shout", shout),
        Endpoint("test/fail", fail),
        Endpoint("test/failLoudly", fail, fails=True),
        Endpoint("test/text", text),
        Endpoint("test/modules", modules),
        Endpoint("test/child", child, lane="session"),
    )


if __name__ == "__main__":
    # The instruments are put in when the server imports its requests, which is after it claimed its streams.
    import keras_lsp.server.entry as entry

    forward = entry.claim_standard_streams

    def claim():
        streams = forward()
        instrument()
        return streams

    entry.claim_standard_streams = claim
    raise SystemExit(main())
