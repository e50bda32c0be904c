"""Write down what one installed Keras says about itself: public names, signatures, first-layer keywords, identifiers.

    python tools/catalogue/probe.py --api keras|tf.keras|tf_keras --out snapshot.json

Run it with the interpreter of the environment to probe (Python 3.7 or newer). Everything is read by introspection or
by calling constructors with literal arguments; nothing is trained and no file is downloaded.
"""

# Python 3.7, and objects of every type.
# ruff: noqa: ANN001, ANN201, ANN202, ANN204, UP031, PTH100, PTH120, PTH123, PERF203, PERF401, SIM102
from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import json
import logging
import os
import re
import sys
import tempfile
import types
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ["KERAS_HOME"] = tempfile.mkdtemp()  # neither read nor write the user's keras.json
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from recipes import RECIPES

# Keras 2.3.1 has no generated API package: its public modules are these, as its own documentation lists them.
STANDALONE_MODULES = (
    "activations applications applications.densenet applications.imagenet_utils "
    "applications.inception_resnet_v2 applications.inception_v3 applications.mobilenet "
    "applications.mobilenet_v2 applications.nasnet applications.resnet applications.resnet50 "
    "applications.resnet_v2 applications.vgg16 applications.vgg19 applications.xception backend callbacks "
    "constraints datasets datasets.boston_housing datasets.cifar10 datasets.cifar100 datasets.fashion_mnist "
    "datasets.imdb datasets.mnist datasets.reuters initializers layers losses metrics models optimizers "
    "preprocessing preprocessing.image preprocessing.sequence preprocessing.text regularizers utils wrappers "
    "wrappers.scikit_learn"
).split()

# A star import brings other modules' names along; a name belongs to a module if it is defined in one of these.
ROOT_NAMES = ("Input", "Model", "Sequential")
STANDALONE_HOMES = {name.split(".")[0]: "keras." + name.split(".")[0] for name in STANDALONE_MODULES}
STANDALONE_HOMES.update(
    layers=("keras.layers", "keras.engine", "keras.legacy.layers"),
    models=("keras.models", "keras.engine"),
    metrics=("keras.metrics", "keras.losses"),
    applications=("keras.applications", "keras_applications"),
    preprocessing=("keras.preprocessing", "keras_preprocessing"),
)

HIDDEN = {
    "input_shape": "(4,)",
    "input_dim": "4",
    "input_length": "5",
    "batch_input_shape": "(2, 4)",
    "batch_shape": "(2, 4)",
    "batch_size": "2",
    "weights": "[]",
    "name": "'abc'",
    "trainable": "True",
    "dtype": "'float32'",
    "input_dtype": "'float32'",
    "activity_regularizer": "None",
    "autocast": "True",
    "dynamic": "False",
    "sparse": "True",
    "ragged": "True",
    "foo": "1",  # stands for every keyword that nobody knows
}
ONLY_METHODS_OF = ("Model", "Sequential", "Layer", "ImageDataGenerator", "Tokenizer", "TextVectorization", "Optimizer")
FAMILIES = ("activations initializers regularizers constraints losses metrics optimizers").split()
# Names that some version resolves without listing them: tf.keras falls back to TensorFlow's functions.
KNOWN_ACTIVATIONS = (
    "celu crelu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear "
    "log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus "
    "sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold"
).split()
# Names that some versions know by a table of their own, without a public object of that name.
HIDDEN_IDENTIFIERS = {
    "initializers": ("normal", "one", "uniform", "zero"),
    "losses": ("huber_loss",),
    "metrics": ("cosine_proximity", "logcosh"),
}
# Candidates for closed sets of strings; a parameter keeps those that its constructor accepts, if it rejects nonsense.
POOL = (
    "valid same causal full channels_last channels_first nearest bilinear bicubic lanczos3 lanczos5 area "
    "gaussian mitchellcubic reflect constant wrap symmetric edge horizontal vertical horizontal_and_vertical "
    "sum mul concat ave none int float binary multi_hot one_hot count tf_idf tf-idf bool int8 uint8 int32 "
    "int64 float16 float32 float64 string bfloat16 dot add min max mean sum_over_batch_size "
    "mean_with_sample_weight auto lower strip_punctuation lower_and_strip_punctuation whitespace character "
    "avg multi-hot dropout keras slaney htk hann hamming spatial mag magnitude stft imag real phase angle log "
    "power psd periodic rectangular xyxy yxyx xywh center_xyxy fan_in fan_out fan_avg normal uniform "
    "truncated_normal untruncated_normal ROC PR interpolation minoring majoring micro macro weighted "
    "uniform_average variance_weighted_average half reduce pre post zeros mirror farmhash floormod"
).split()
STRING_PARAMETERS = (
    "padding data_format interpolation fill_mode output_mode merge_mode mode reduction score_mode standardize "
    "split return_type color_mode pad_mode bounding_box_format average curve summation_method "
    "class_aggregation distribution ignore_out_of_vocab_tokens scaling window out_mode dim_ordering "
    "border_mode"
).split()
NONSENSE = "no_such_choice"

messages = []


class _Catch(logging.Handler):
    def emit(self, record):
        if record.levelno >= logging.WARNING:
            messages.append(record.getMessage())


def load(api):
    """Return the Keras package and its version text."""
    if api == "keras":
        import keras

        return keras, keras.__version__
    if api == "tf_keras":
        import tf_keras

        return tf_keras, tf_keras.__version__
    import tensorflow as tf

    return tf.keras, tf.__version__


def is_public(name):
    return not name.startswith("_") and name not in ("src", "api")


def walk(root, api, standalone):
    """Yield (dotted path below the root, object) of every public class, function and value."""
    if standalone:
        for path in ["", *STANDALONE_MODULES]:
            try:
                module = importlib.import_module("keras." + path if path else "keras")
            except ImportError:
                continue
            for name in sorted(vars(module)):
                value = getattr(module, name)
                home = getattr(value, "__module__", None) or ""
                if (
                    is_public(name)
                    and (inspect.isclass(value) or callable(value))
                    and name != "keras_modules_injection"
                    and (name in ROOT_NAMES if not path else home.startswith(STANDALONE_HOMES[path.split(".")[0]]))
                ):
                    yield (path + "." + name if path else name), value
            yield path, module
        return
    seen = set()
    stack = [("", root)]
    while stack:
        path, module = stack.pop()
        if id(module) in seen:
            continue
        seen.add(id(module))
        yield path, module
        for name in sorted(dir(module)):
            if not is_public(name):
                continue
            try:
                value = getattr(module, name)
            except Exception:  # an optional dependency that is not there
                continue
            dotted = path + "." + name if path else name
            if isinstance(value, types.ModuleType):
                if (
                    "keras" in value.__name__
                    and ".src." not in value.__name__
                    and not re.search(r"python\.keras(?!\.api)|legacy_tf|\.google", value.__name__)
                ):
                    stack.append((dotted, value))
            elif inspect.isclass(value) or callable(value):
                home = getattr(value, "__module__", None) or ""
                if "keras" in home or "tensorflow" in home:
                    yield dotted, value


LITERALS = (type(None), bool, int, float, str, bytes)


def literal(value):
    """Return a Python expression for a default: a literal where it is one, else a name, else `...`."""
    if isinstance(value, bool) or value is None or isinstance(value, (int, str, bytes)):
        return repr(value) if type(value) in LITERALS else literal_of_subclass(value)
    if isinstance(value, float):
        return repr(value) if value == value and abs(value) != float("inf") else "float(%r)" % repr(value)
    if isinstance(value, (tuple, list)):
        inner = [literal(v) for v in value]
        if isinstance(value, tuple):
            return "(" + ", ".join(inner) + ("," if len(inner) == 1 else "") + ")"
        return "[" + ", ".join(inner) + "]"
    if isinstance(value, dict) and not value:
        return "{}"
    name = getattr(value, "__name__", None)
    if name and name.isidentifier():
        return name
    name = getattr(value, "name", None)  # tf.DType
    if isinstance(name, str) and name.isidentifier():
        return repr(name)
    return "..."


def literal_of_subclass(value):
    base = next((t for t in (int, str, bytes) if isinstance(value, t)), None)
    return repr(base(value)) if base else "..."


def signature_text(function, drop_self):
    """Return the parameters as Python source without annotations, or None where there is no signature."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    parameters = list(signature.parameters.values())
    if drop_self and parameters and parameters[0].kind in (0, 1):
        parameters = parameters[1:]
    out = []
    star = False
    for index, p in enumerate(parameters):
        if p.kind is p.VAR_POSITIONAL:
            star = True
            out.append("*" + p.name)
            continue
        if p.kind is p.VAR_KEYWORD:
            out.append("**" + p.name)
            continue
        if p.kind is p.KEYWORD_ONLY and not star:
            star = True
            out.append("*")
        text = p.name
        if p.default is not p.empty:
            text += "=" + literal(p.default)
        out.append(text)
        if p.kind is p.POSITIONAL_ONLY and (
            index + 1 == len(parameters) or parameters[index + 1].kind is not p.POSITIONAL_ONLY
        ):
            out.append("/")
    return ", ".join(out)


def only_variadic(text):
    return text is not None and all(part.startswith("*") for part in text.split(", ") if part)


def injected_signature(path):
    """Return the signature behind an early `keras.applications` wrapper, which only passes on its arguments."""
    head, _, leaf = path.rpartition(".")
    for name, module in sorted(sys.modules.items()):
        if name.startswith("keras_applications.") and hasattr(module, leaf):
            if leaf[0].isupper() or name.endswith("." + head.rpartition(".")[2]):
                return signature_text(getattr(module, leaf), False)
    return None


class Probe:
    def __init__(self, api):
        self.api = api
        self.keras, self.version = load(api)
        self.generation = 3 if api == "keras" and self.version.startswith("3.") else 2
        self.standalone = api == "keras" and self.generation == 2
        self.objects = []
        self.first_path = []
        self.index = {}
        self.names = {}
        self.modules = []
        self.tf_only = []
        handler = _Catch()
        for name in ("tensorflow", "absl", "keras", "tf_keras"):
            logger = logging.getLogger(name)
            logger.addHandler(handler)
            logger.propagate = False

    def run(self):
        self.collect(self.keras, "")
        if self.generation == 3:
            before = set(self.names)
            import keras._tf_keras.keras as overlay

            overlay_names = {}
            for path, value in walk(overlay, "tf", False):
                if isinstance(value, types.ModuleType):
                    if path and path not in self.modules:
                        self.modules.append(path)
                elif path not in before:
                    overlay_names[path] = value
            for path, value in overlay_names.items():
                self.add(path, value)
                self.tf_only.append(path)
        data = {
            "version": self.version,
            "api": self.api,
            "names": self.names,
            "modules": sorted(set(self.modules)),
            "tf_only": sorted(self.tf_only),
            "objects": [self.describe(*item) for item in zip(self.first_path, self.objects)],  # noqa: B905
            "internal": self.internal_paths(),
        }
        data["hidden"], data["takers"], data["unconstructed"] = self.hidden_keywords()
        data["identifiers"] = self.identifiers()
        data["choices"] = self.choices()
        return data

    def collect(self, root, prefix):
        for path, value in walk(root, self.api, self.standalone):
            if isinstance(value, types.ModuleType):
                if path:
                    self.modules.append(path)
            else:
                self.add(path, value)

    def add(self, path, value):
        # Bound methods and C functions make new objects on each access; classes and functions do not.
        key = id(value)
        if key not in self.index:
            self.index[key] = len(self.objects)
            self.objects.append(value)
            self.first_path.append(path)
        self.names[path] = self.index[key]

    @property
    def Layer(self):
        return self.keras.layers.Layer

    def public_index(self, cls):
        return self.index.get(id(cls))

    def describe(self, path, value):
        entry = {
            "name": getattr(value, "__name__", None),
            "home": "%s.%s" % (getattr(value, "__module__", ""), getattr(value, "__qualname__", "")),
        }
        if inspect.isclass(value):
            text = signature_text(value.__init__, True)
            if only_variadic(text) and value is self.keras.Model:
                text = self.functional_signature() or text
            entry["signature"] = text
            entry["mro"] = [
                [c.__name__, self.public_index(c)]
                for c in value.__mro__
                if "keras" in (c.__module__ or "")
                and not re.search(
                    r"Trackable|TFLayer|Saveable|VersionSelector|LazyLoader|LoopWrapper|Torch|_Layer", c.__name__
                )
            ]
            if issubclass(value, self.Layer):
                entry["call"] = signature_text(value.call, True)
                entry["layer"] = True
            entry["model"] = issubclass(value, self.keras.Model)
            if value.__name__ in ONLY_METHODS_OF:
                entry["methods"] = {}
                for name in sorted(dir(value)):
                    if name.startswith("_"):
                        continue
                    static = inspect.getattr_static(value, name)
                    if isinstance(static, property) or inspect.isclass(static):
                        continue
                    member = getattr(value, name, None)
                    if callable(member):
                        bound = isinstance(static, (classmethod, staticmethod))
                        entry["methods"][name] = signature_text(member, not bound)
            entry["class"] = True
        else:
            entry["signature"] = signature_text(value, False)
            if only_variadic(entry["signature"]) and path.startswith("applications."):
                entry["signature"] = injected_signature(path) or entry["signature"]
            if entry["signature"] is None and callable(value):
                entry["signature"] = signature_text(type(value).__call__, True)
        return entry

    def functional_signature(self):
        for module in list(sys.modules.values()):
            found = getattr(module, "Functional", None) if module else None
            name = getattr(module, "__name__", "") or ""
            if inspect.isclass(found) and "keras" in name and found.__module__ == name:
                if self.api == "tf.keras" or name.startswith(self.api.split(".")[0]):
                    return signature_text(found.__init__, True)
        network = getattr(self.keras.Model, "_init_graph_network", None)
        if network is not None:
            return signature_text(network, True)
        return None

    def internal_paths(self):
        """Return other importable paths of public objects in this version: {path below the package: index}."""
        package = self.keras.__name__.split(".")[0] if self.standalone else None
        found = {}
        for name, module in list(sys.modules.items()):
            if module is None or "keras" not in name:
                continue
            short = internal_name(name, self.api)
            if short is None or short.split(".")[-1].endswith("_test") or "legacy_tf" in name:
                continue
            if not self.standalone and not re.search(r"^(layers|models|engine|utils|preprocessing)\b", short):
                continue
            for attribute, value in list(vars(module).items()):
                at = self.index.get(id(value))
                if at is None or not is_public(attribute):
                    continue
                home = getattr(value, "__module__", "")
                # A module re-exports its own package's names or defines them; imports for its own use do not count.
                if home == name or (package and name in REEXPORTING):
                    found[(short + "." if short else "") + attribute] = at
        return {path: at for path, at in found.items() if path not in self.names}

    # ------------------------------------------------------------------------------------------ hidden keywords
    def layers(self):
        for path, at in sorted(self.names.items()):
            value = self.objects[at]
            if not path.startswith("layers.") or not inspect.isclass(value) or not issubclass(value, self.Layer):
                continue
            if not issubclass(value, self.keras.Model):
                yield path, value

    def construct(self, cls, source):
        scope = {"keras": self.keras, "L": self.keras.layers, "C": cls}
        return eval("C(%s)" % source, scope)

    def recipe(self, cls):
        for source in RECIPES.get(cls.__name__, ("",)):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    self.construct(cls, source)
                return source
            except Exception:
                continue
        return None

    def hidden_keywords(self):
        table, takers, failed = {}, {}, []
        done = {}
        for path, cls in self.layers():
            if cls in done:
                continue
            done[cls] = path
            source = self.recipe(cls)
            if source is None:
                failed.append(path)
                continue
            row = {}
            try:
                declared = set(inspect.signature(cls.__init__).parameters)
            except (TypeError, ValueError):
                declared = set()
            for keyword, value in HIDDEN.items():
                if keyword in declared:  # its own parameter, whatever the value means there
                    row[keyword] = ["accepted", None, True]
                    continue
                alone = cls.__name__ == "InputLayer" and "shape" in keyword  # instead of its other shape
                status, message = self.ask(cls, "" if alone else source, keyword, value)
                row[keyword] = [status, message, keyword in declared]
            table[path] = row
            takers[path] = {keyword: self.taker(cls, keyword) for keyword in HIDDEN if keyword != "foo"}
            takers[path][""] = [c.__name__ for c in cls.__mro__ if "__init__" in vars(c) and issubclass(c, self.Layer)]
        return table, takers, failed

    def ask(self, cls, source, keyword, value):
        given = source
        if re.search(r"\b%s=" % keyword, source):
            given = re.sub(r"\b%s=(\([^)]*\)|[^,]*)" % keyword, "%s=%s" % (keyword, value), source)
        else:
            given = ", ".join(part for part in (source, "%s=%s" % (keyword, value)) if part)
        del messages[:]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                self.construct(cls, given)
                error = None
            except Exception as exc:
                error = "%s: %s" % (type(exc).__name__, exc)
        if error:
            return "rejected", error
        for warning in caught:
            if issubclass(warning.category, UserWarning):
                return "warns", "%s: %s" % (warning.category.__name__, warning.message)
        relevant = [m for m in messages if keyword in m or "deprecated" in m]
        return ("warns", relevant[0]) if relevant else ("accepted", None)

    def taker(self, cls, keyword):
        """Return [class, file below the package, function] where the keyword leaves `**kwargs`, by reading source."""
        quoted = re.compile(r"""['"]%s['"]""" % keyword)
        for base in cls.__mro__:
            if "__init__" not in vars(base) or "keras" not in base.__module__:
                continue
            function = inspect.unwrap(vars(base)["__init__"])
            try:
                text = inspect.getsource(function)
                file = inspect.getsourcefile(function)
                names = inspect.signature(function).parameters
            except (TypeError, OSError, ValueError):
                continue
            if keyword in names or quoted.search(text):
                file = file.replace(os.sep, "/").rsplit("/site-packages/", 1)[-1]
                file = re.sub(r"^.*/keras-[\d.]+/", "", file)
                return [base.__name__, file, "%s.__init__" % base.__name__]
        return None

    # ------------------------------------------------------------------------------------------ identifiers
    def identifiers(self):
        out = {}
        for family in FAMILIES:
            module = getattr(self.keras, family, None)
            if module is None:
                continue
            names = {n for n in dir(module) if is_public(n)}
            names |= {snake(n) for n in names} | {n.lower() for n in names}
            for private in list(sys.modules.values()):
                if getattr(private, "__name__", "").endswith("src." + family) and hasattr(private, "ALL_OBJECTS_DICT"):
                    names |= set(private.ALL_OBJECTS_DICT)
            names |= {"mse", "MSE", "mae", "MAE", "mape", "MAPE", "msle", "MSLE", "bce", "BCE", "kld", "KLD", "cosine"}
            names |= set(KNOWN_ACTIVATIONS) if family == "activations" else set()
            names |= {"accuracy", "acc", "crossentropy", "ce", "swish", "silu", "hard_swish", "glorot_uniform"}
            names |= {"zeros", "ones", "l1", "l2", "l1_l2", "non_neg", "unit_norm", "adam", "sgd", "rmsprop"}
            names |= set(HIDDEN_IDENTIFIERS.get(family, ()))
            accepted = []
            for name in sorted(names):
                if self.gets(module, family, name):
                    accepted.append(name)
            out[family] = accepted
        return out

    def gets(self, module, family, name):
        if family == "metrics" and name in ("accuracy", "acc", "crossentropy", "ce"):
            return True  # resolved by `compile`, not by `metrics.get`
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = module.get(name)
        except Exception:
            return False
        if found is None or inspect.isclass(found) or isinstance(found, (types.ModuleType, dict, str)):
            return False
        if getattr(found, "__name__", "") in ("get", "serialize", "deserialize", "keras_export"):
            return False
        home = getattr(found, "__module__", None) or type(found).__module__
        if self.standalone and isinstance(found, types.FunctionType) and not home.startswith("keras." + family):
            return home.startswith("keras.losses") and family == "metrics"
        return "keras" in home or (family in ("activations", "initializers") and home.startswith("tensorflow"))

    def choices(self):
        """Return {path: {parameter: accepted strings}} for constructor parameters that reject nonsense."""
        out = {}
        seen = set()
        for path, at in sorted(self.names.items()):
            cls = self.objects[at]
            family = path.split(".")[0]
            if not inspect.isclass(cls) or cls in seen or family not in ("layers", "losses", "metrics", "initializers"):
                continue
            if issubclass(cls, self.keras.Model) or cls.__name__.endswith("Wrapper"):
                continue
            seen.add(cls)
            source = self.recipe(cls)
            if source is None:
                continue
            try:
                parameters = inspect.signature(cls.__init__).parameters.values()
            except (TypeError, ValueError):
                continue
            for p in parameters:
                if p.name in ("name", "dtype", "self") or not (
                    p.name in STRING_PARAMETERS
                    or (isinstance(p.default, str) and not re.search(r"initializer|activation|format_string", p.name))
                ):
                    continue
                if re.search(r"\b%s=" % p.name, source):
                    continue
                if self.accepts(cls, source, p.name, NONSENSE):
                    continue
                pool = set(POOL) | ({p.default} if isinstance(p.default, str) else set())
                kept = sorted(v for v in pool if self.accepts(cls, source, p.name, v))
                if kept:
                    out.setdefault(path, {})[p.name] = kept
        return out

    def accepts(self, cls, source, name, value):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.construct(cls, ", ".join(part for part in (source, "%s=%r" % (name, value)) if part))
        except Exception:
            return False
        return True


REEXPORTING = {
    "keras.engine",
    "keras.engine.topology",
    "keras.engine.training",
    "keras.engine.base_layer",
    "keras.engine.input_layer",
}


def internal_name(module, api):
    """Return a private module's path below the package, without the parts that versions renamed, or None."""
    for prefix in ("keras.src.", "tf_keras.src.", "tensorflow.python.keras.", "tensorflow_core.python.keras."):
        if module.startswith(prefix):
            own = {"keras.src.": ("keras", "tf.keras"), "tf_keras.src.": ("tf_keras",)}.get(prefix, ("tf.keras",))
            return module[len(prefix) :] if api in own else None
    if api == "keras" and module.startswith("keras.") and not module.startswith(("keras.api", "keras._tf_keras")):
        return module[len("keras.") :]
    return None


def snake(name):
    middle = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", middle).lower()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--api", default="keras", choices=("keras", "tf.keras", "tf_keras"))
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    data = Probe(options.api).run()
    for entry in data["objects"]:
        for text in (entry.get("signature"), entry.get("call")):
            if text:
                ast.parse("def f(%s): pass" % text)
    with open(options.out, "w") as file:
        json.dump(data, file, indent=0, sort_keys=True)
    print(
        data["version"],
        "names", len(data["names"]),
        "objects", len(data["objects"]),
        "layers", len(data["hidden"]),
        "not constructed", data["unconstructed"],
    )  # fmt: skip


if __name__ == "__main__":
    main()
