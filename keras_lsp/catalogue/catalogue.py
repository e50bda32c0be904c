"""The catalogue of one Keras version: names, signatures, hidden keywords, identifiers, data sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, cast

from keras_lsp.catalogue import store
from keras_lsp.catalogue.datasets import Dataset, dataset
from keras_lsp.catalogue.identifiers import FIXED, family_of
from keras_lsp.catalogue.keywords import KEYWORDS, equal_form, meaning
from keras_lsp.catalogue.links import page
from keras_lsp.catalogue.successors import SUCCESSORS
from keras_lsp.catalogue.symbols import HiddenKeyword, Kind, Parameter, Place, Status, Symbol, parse_parameters
from keras_lsp.catalogue.version import KerasVersion, parse_version

# Every name under which some program has reached Keras; the rest of the dotted path means the same below all of them.
_ROOTS = (
    "tensorflow.keras",
    "tensorflow.compat.v1.keras",
    "tensorflow.compat.v2.keras",
    "tensorflow.contrib.keras",
    "tensorflow.python.keras",
    "tensorflow._api.v1.keras",
    "tensorflow._api.v2.keras",
    "tensorflow._api.v2.compat.v1.keras",
    "tensorflow._api.v2.compat.v2.keras",
    "tensorflow_core.keras",
    "tensorflow_core.python.keras",
    "keras._tf_keras.keras",
    "tf_keras",
    "keras",
)
# Layers of packaging between a root and its modules.
_PACKAGING = ("api._v1.keras", "api._v2.keras", "_v1.keras", "_v2.keras", "api", "src", "_tf_keras.keras")
_TENSORFLOW_ROOTS = ("tensorflow", "keras._tf_keras")
_PRIVATE = frozenset({"src", "python", "contrib", "engine", "legacy"})


def _below(dotted: str, prefix: str) -> str | None:
    if dotted == prefix:
        return ""
    return dotted[len(prefix) + 1 :] if dotted.startswith(prefix + ".") else None


def _is_private(dotted: str) -> bool:
    parts = dotted.split(".")
    return not _PRIVATE.isdisjoint(parts) or any(part.startswith("_") for part in parts)


@lru_cache(maxsize=1)
def _names() -> tuple[Mapping[str, str], Mapping[str, str], frozenset[str]]:
    """Return the spellings of all versions, the versions of each main name, and all modules."""
    raw = store.read("names")
    return raw["spellings"], raw["spans"], frozenset(raw["modules"])


@lru_cache(maxsize=1)
def _leaves() -> Mapping[str, frozenset[str]]:
    """Return all main names by their last part."""
    out: dict[str, set[str]] = {}
    for name in _names()[1]:
        out.setdefault(name.rpartition(".")[2], set()).add(name)
    return {leaf: frozenset(names) for leaf, names in out.items()}


def _is_internal(path: str) -> bool:
    """Return whether a path below the root leads through a module of Keras's own that was never public."""
    paths: Mapping[str, Mapping[str, str]] = store.read("internal")["paths"]
    _, _, modules = _names()
    parts = path.split(".")
    heads = (".".join(parts[:end]) for end in range(1, len(parts) + 1))
    return any(head in paths and f"keras.{head}" not in modules for head in heads)


@lru_cache(maxsize=16)
def _inside(name: str) -> frozenset[str] | None:
    """Return the modules of Keras's own that a data version has, None where they were not asked for."""
    listed: str | None = store.read("internal")["modules"].get(name)
    return None if listed is None else frozenset(listed.split())


def _relative(dotted: str) -> str | None:
    """Return the path below the Keras root that a dotted name starts with, or None if it starts with none."""
    rest = next((rest for root in _ROOTS if (rest := _below(dotted, root)) is not None), None)
    while rest:
        inner = next((inner for layer in _PACKAGING if (inner := _below(rest, layer)) is not None), None)
        if inner is None:
            break
        rest = inner
    return rest


# Names remembered; a program has some hundred, a session of a server many programs.
_MAX_RESOLVED = 20_000


class Catalogue:
    """What is true about Keras in one version; every answer is plain data and never an exception."""

    def __init__(self, version: KerasVersion) -> None:
        self.version = version
        name = self._name = store.nearest(version)
        known = parse_version("tf_keras 2.21" if name == "2.21" else name)
        newer = store.above(name)
        exact = (known.major, known.minor) == (version.major, version.minor)
        self._data = store.sections(name) if exact or newer is None else store.between(name, newer)
        self._resolved: dict[str, str | None] = {}
        self._symbols: dict[str, Symbol | None] = {}
        self._members: dict[str, Mapping[str, str]] = {}
        self._hidden: dict[str, Mapping[str, HiddenKeyword]] = {}
        self._choices: dict[tuple[str, str], tuple[str, ...]] = {}

    # ---------------------------------------------------------------------------------------------------- names
    def resolve(self, dotted: str) -> str | None:
        """Return the main name (`keras.layers.Dense`) of any spelling in any version, or None if it is not Keras's.

        A module resolves to itself under `keras`. Whether this version has the name is `symbol(name).available`;
        whether it has this very spelling is `exists`.
        """
        if dotted not in self._resolved:
            if len(self._resolved) > _MAX_RESOLVED:
                self._resolved.clear()
            self._resolved[dotted] = self._resolve(dotted)
        return self._resolved[dotted]

    def _resolve(self, dotted: str) -> str | None:
        path = _relative(dotted)
        if path is None:
            return None
        if not path:
            return "keras"
        spellings, spans, modules = _names()
        name = "keras." + path
        if path in spellings:
            return "keras." + spellings[path]
        if name in spans or name in modules:
            return name
        return self._resolve_internal(dotted, path)

    def _resolve_internal(self, dotted: str, path: str) -> str | None:
        paths: Mapping[str, Mapping[str, str]] = store.read("internal")["paths"]
        head, _, leaf = path.rpartition(".")
        if leaf[:1].isupper() and path.startswith("ops."):
            return None  # the classes behind functions (`keras.src.ops.numpy.Average`) are no layers of the same name
        if leaf in paths.get(head, ()):
            return "keras." + paths[head][leaf]
        if path in paths or any(known.startswith(path + ".") for known in paths):
            return "keras." + path
        # A private path that moved between versions: a class is still known by its name, if only one has it.
        if leaf[:1].isupper() and (head in paths or _is_private(dotted)):
            found = _leaves().get(leaf, frozenset())
            same = {name for name in found if name.split(".")[1] == path.split(".")[0]}
            for candidates in (same, found):
                if len(candidates) == 1:
                    return next(iter(candidates))
        return None

    def exists(self, dotted: str) -> bool | None:
        """Return whether this version has this very spelling; None where that is unknown (private paths)."""
        path = _relative(dotted)
        if path is None:
            return None
        if not path or "keras." + path in self._data["modules"]:
            return True
        if _is_internal(path) and self._generated(dotted):
            return False
        if _is_private(dotted) or (
            path not in _names()[0] and "keras." + path not in _names()[1] and "keras." + path not in _names()[2]
        ):
            return None
        name = "keras." + path
        if name in self._data.get("tf_only", {}) and not dotted.startswith(_TENSORFLOW_ROOTS):
            return False
        head, _, leaf = name.rpartition(".")
        return leaf in self._all_members(head)

    def _generated(self, dotted: str) -> bool:
        """Whether all that lies below this spelling's root is generated, so that none of Keras's own modules shows.

        Source: from 2.13 on they are below `keras.src`; `tf.keras` is generated in all versions.
        """
        own = {"src", "python", "contrib", "tensorflow_core"}
        if not own.isdisjoint(parts := dotted.split(".")) or any(part.startswith("_") for part in parts):
            return False
        return dotted.startswith("tensorflow") or (self.version.major, self.version.minor) >= (2, 13)

    def lost_module(self, dotted: str) -> str | None:
        """Return the module of Keras's own that a dotted name leads through, if this version has lost it, else None.

        Programs import from modules that were never public (`keras.layers.convolutional_recurrent`). Where such a module is
        still there below `keras.src`, or is one of those whose successor everybody is told (`keras.layers.merge`), it is
        plain what is meant. Not known before 2.13.
        """
        path = _relative(dotted)
        inside = _inside(self._name) if (self.version.major, self.version.minor) >= (2, 13) else None
        if not path or inside is None or "tensorflow.python" in dotted or "tensorflow_core" in dotted:
            return None
        spellings, spans, modules = _names()
        paths: Mapping[str, Mapping[str, str]] = store.read("internal")["paths"]
        parts = path.split(".")
        for end in range(len(parts), 0, -1):
            head = ".".join(parts[:end])
            if f"keras.{head}" in modules or head in spellings or f"keras.{head}" in spans:
                return None
            if head in paths or end == 2 < len(parts):
                meant = head in inside or f"keras.{head}" in SUCCESSORS
                return None if meant else f"keras.{head}"
        return None

    def _all_members(self, module: str) -> Mapping[str, str]:
        if module not in self._members:
            out: dict[str, str] = {}
            for entry in str(self._data["members"].get(module, "")).split():
                leaf, equals, main = entry.partition("=")
                out[leaf] = main if equals else f"{module}.{leaf}"
            for name in self._data["modules"]:
                head, _, leaf = name.rpartition(".")
                if head == module:
                    out[leaf] = name
            self._members[module] = MappingProxyType(out)
        return self._members[module]

    def members(self, module: str) -> Mapping[str, str]:
        """Return {name: main name} of a module's public classes, functions and modules, aliases included.

        The module may be given in any spelling; names that only `tf.keras` has are left out under `keras`.
        """
        path = _relative(module)
        if path is None:
            return {}
        name = "keras." + path if path else "keras"
        found = self._all_members(name)
        only = self._data.get("tf_only", {})
        if not only or module.startswith(_TENSORFLOW_ROOTS):
            return found
        return {leaf: main for leaf, main in found.items() if f"{name}.{leaf}" not in only}

    def symbol(self, canonical: str) -> Symbol | None:
        """Return what is known about a main name; `available` is False where only other versions have it."""
        if canonical not in self._symbols:
            self._symbols[canonical] = self._make_symbol(canonical)
        return self._symbols[canonical]

    def _make_symbol(self, name: str) -> Symbol | None:
        record: list[Any] | None = self._data["symbols"].get(name)
        span = str(_names()[1].get(name, "")).split()
        if record is None:
            if name in _names()[2] or name == "keras":
                here = name in self._data["modules"] or name == "keras"
                return Symbol(name, "module", url=page(name, self.version), available=here)
            if not span:
                if name.startswith("keras.") and self._resolve_internal(name, name[6:]) == name:
                    return Symbol(name, "module", available=False)
                return None
            newest = span[-1]
            other = load_catalogue(parse_version("tf_keras 2.21" if newest == "2.21" else newest)).symbol(name)
            return replace(other, available=False) if other else None
        kind, signature, call, bases, methods = [*record, None, None, None][:5]
        return Symbol(
            name,
            cast("Kind", kind),
            None if signature is None else parse_parameters(signature),
            parse_parameters(call),
            tuple(str(bases or "").split()),
            _describe(name, str(kind)),
            page(name, self.version),
            True,
            span[0] if span else "",
            span[-1] if span else "",
            {k: parse_parameters(v) for k, v in cast("dict[str, str | None]", methods or {}).items()},
        )

    def method(self, canonical: str, name: str) -> tuple[Parameter, ...] | None:
        """Return the parameters of a public method without `self`, its own or an inherited one, or None."""
        symbol = self.symbol(canonical)
        if symbol is None:
            return None
        if name in symbol.methods:
            return symbol.methods[name]
        for base in symbol.bases:
            parent = self.symbol(base) if "." in base else None
            if parent is not None and name in parent.methods:
                return parent.methods[name]
        return None

    # ------------------------------------------------------------------------------------------ hidden keywords
    def hidden_keywords(self, layer_name: str) -> Mapping[str, HiddenKeyword]:
        """Return what a layer (main name or bare class name) does with each first-layer and base-layer keyword.

        A class that the catalogue does not know is answered for as the base `Layer`.
        """
        name = layer_name if "." in layer_name else f"keras.layers.{layer_name}"
        if name not in self._hidden:
            self._hidden[name] = MappingProxyType({k: self._make_keyword(name, k) for k in KEYWORDS})
        return self._hidden[name]

    def _code(self, name: str, keyword: str) -> str:
        rows: Mapping[str, Mapping[str, str]] = self._data["hidden"]
        return rows.get(name, {}).get(keyword, rows["*"][keyword])

    def _make_keyword(self, name: str, keyword: str) -> HiddenKeyword:
        code, _, message = self._code(name, keyword).partition("|")
        status, _, declared = code.partition(" ")
        places: Mapping[str, Mapping[str, str]] = self._data["takers"]
        taken = places.get(name, {}).get(keyword, places["*"].get(keyword, ""))
        route = tuple(str(self._data["routes"].get(name, f"{name.rpartition('.')[2]} Layer")).split())
        place = None
        if taken:
            owner, file, function = taken.split()
            place = Place(owner, file, function, keyword)
            if owner in route:
                route = route[: route.index(owner) + 1]
        return HiddenKeyword(
            keyword,
            cast("Status", status),
            bool(declared),
            message,
            meaning(keyword, name, self.version),
            equal_form(keyword, name, self.version),
            route,
            place,
        )

    def unknown_keyword_error(self, layer: str, given: Mapping[str, str]) -> str:
        """Return Keras's exact text, exception type in front, for keywords that the layer does not take.

        `given` maps each unknown keyword to the `repr` of its value, in the order of the call.
        """
        name = layer if "." in layer else f"keras.layers.{layer}"
        _, _, message = self._code(name, "foo").partition("|")
        own = name.rpartition(".")[2]
        pairs = ", ".join(f"{keyword!r}: {value}" for keyword, value in given.items())
        first = next(iter(given), "")
        return message.replace("{layer}", own).replace("{given}", "{" + pairs + "}").replace("{keyword}", first)

    # -------------------------------------------------------------------------------------------- identifiers
    def identifiers(self, kind: str) -> tuple[str, ...]:
        """Return the strings Keras accepts for a family: activations, losses, padding, dtypes, monitor, ..."""
        found = self._data["identifiers"].get(kind)
        if found is not None:
            return tuple(str(found).split())
        return FIXED.get(kind, ())

    def identifiers_for(self, owner: str, parameter: str) -> tuple[str, ...]:
        """Return the strings that a parameter of a layer, function or method accepts; empty where any or none does."""
        known = self._choices.get((owner, parameter))
        if known is None:
            name = self.resolve(owner) or (owner if "." in owner else f"keras.layers.{owner}")
            probed = self._data["choices"].get(f"{name}.{parameter}")
            family = family_of(name, parameter) if probed is None else None
            known = tuple(str(probed).split()) if probed is not None else self.identifiers(family) if family else ()
            self._choices[owner, parameter] = known
        return known

    def dataset(self, canonical: str) -> Dataset | None:
        """Return the arrays that a `keras.datasets.*.load_data` returns, or None if it is none of these."""
        return dataset(canonical, self.version)


def _describe(name: str, kind: str) -> str:
    """Return one line of our own on a name, "" where there is none."""
    texts = _descriptions()
    head, _, leaf = name.rpartition(".")
    if name in texts:
        return texts[name]
    if kind == "application":
        return f"The {leaf} image classification network, with ImageNet weights unless told otherwise."
    if head == "keras.backend":
        return texts.get(f"keras.ops.{leaf}", "")
    if head == "keras.optimizers.legacy":
        return texts.get(f"keras.optimizers.{leaf}", "")
    common = {
        "get": "Object of this family for a name, a configuration or the object itself.",
        "serialize": "Configuration of an object of this family.",
        "deserialize": "Object of this family from its configuration.",
        "preprocess_input": "Prepares images in the way this network was trained with.",
        "decode_predictions": "Names and scores of the most likely ImageNet classes.",
        "get_word_index": "Dict from words to their indices in this data set.",
    }
    return common.get(leaf, "")


@lru_cache(maxsize=1)
def _descriptions() -> Mapping[str, str]:
    return store.read("descriptions")["descriptions"]


@lru_cache(maxsize=16)
def load_catalogue(version: KerasVersion) -> Catalogue:
    """Return the catalogue of a version, from the nearest data at or below it."""
    return Catalogue(version)
