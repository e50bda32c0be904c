"""The worker's life: confine, import Keras, say ready, answer until the client is gone."""

import argparse
import importlib
import os
import sys
import time

from . import isolation, wire

PROTOCOL = 1


def main(argv):
    """Serve until standard input closes; returns the exit code."""
    parser = argparse.ArgumentParser(prog="keras-lsp worker")
    parser.add_argument("--api", choices=["keras", "tf_keras", "tensorflow.keras"], default="keras")
    parser.add_argument("--memory", type=int, default=isolation.MEMORY, help="bytes beyond what the imports took")
    options = parser.parse_args(argv)
    isolation.die_with_parent()
    channel = wire.Channel()
    channel.start()
    started = time.time()
    try:
        generation = load(options.api)
    except Exception as error:
        channel.send({"failed": "%s: %s" % (type(error).__name__, str(error)[:500])})
        return 1
    isolation.confine(options.memory)
    ready = {
        "protocol": PROTOCOL,
        "api": options.api,
        "keras": generation.version,
        "backend": generation.backend,
        "backend_version": backend_version(generation),
        "python": "%d.%d.%d" % sys.version_info[:3],
        "seconds": round(time.time() - started, 2),
        "resident": isolation.resident_megabytes(),
    }
    channel.send({"ready": ready})
    while True:
        message = channel.receive()
        isolation.extend_cpu()
        channel.send(respond(generation, message))


def respond(generation, message):
    """Return the reply to one message."""
    reply = {"id": message.get("id") if isinstance(message, dict) else None}
    try:
        reply["answer"] = generation.answer(message["ask"])
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        reply["answer"] = {"unknown": "the question is malformed: %s: %s" % (type(error).__name__, error)}
    reply["resident"] = isolation.resident_megabytes()
    return reply


def load(api):
    """Import one Keras and return how to ask it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    tensorflow = None
    try:
        import tensorflow
    except ImportError:
        if api == "tensorflow.keras":
            raise
    if api == "tensorflow.keras":
        keras = tensorflow.keras
        keras.layers  # noqa: B018 - a lazy loader until it is touched
    else:
        keras = importlib.import_module(api)
    version = keras_version(keras)
    from . import keras2, keras3

    if version.split(".")[0] >= "3":
        return keras3.Keras3(keras, tensorflow, version, keras.backend.backend())
    if tensorflow is None:
        raise ImportError("Keras %s without TensorFlow" % version)
    if tensorflow.__version__.startswith("1.") or not hasattr(keras.layers.Layer, "_keras_api_names"):
        return keras2.KerasGraph(keras, tensorflow, version, "tensorflow")
    return keras2.Keras2(keras, tensorflow, version, "tensorflow")


def keras_version(keras):
    """Return the version of a Keras module; tf.keras of some releases has none of its own."""
    for place in (keras, sys.modules.get(keras.layers.Layer.__module__.split(".")[0])):
        version = getattr(place, "__version__", None)
        if version and place is not sys.modules.get("tensorflow"):
            return str(version)
    package = importlib.import_module("tensorflow.python.keras")
    return str(package.__version__)


def backend_version(generation):
    """Return the version of the backend's package."""
    package = sys.modules.get(generation.backend)
    return str(getattr(package, "__version__", ""))
