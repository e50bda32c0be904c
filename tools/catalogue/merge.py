"""Turn probe snapshots into the catalogue's data files, each version as its difference from a newer one.

    python tools/catalogue/merge.py SNAPSHOTS [--out keras_lsp/catalogue/data]

SNAPSHOTS is a folder with one file of `probe.py` per environment, named as in `SOURCES`. Writes `<version>.json`
(symbols, module members, hidden keywords, identifiers), `names.json` (spellings of all versions) and `internal.json`
(private import paths).
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

# (snapshot file, version as the catalogue writes it, the version it is stored against); newest first, because a
# spelling that several generations share keeps the main name that the newest gives it.
SOURCES = (
    ("k3.15", "3.15", None),
    ("k3.10", "3.10", "3.15"),
    ("k3.6", "3.6", "3.10"),
    ("k3.3", "3.3", "3.6"),
    ("k3.0", "3.0", "3.3"),
    ("tfk2.21", "2.21", None),
    ("tf2.15", "2.15", "2.21"),
    ("tf2.3", "tf2.3", "2.15"),
    ("tf1.15", "tf1.15", "tf2.3"),
    ("k2.3", "2.3", "tf1.15"),
)
ABOUT_THE_KEYWORD = re.compile(
    r"not understood|unexpected keyword|Unrecognized keyword|multiple values|Do not pass|deprecated\. |Update your|"
    r"are deprecated"
)
ROOT_NAMES = {"Input", "Model", "Sequential", "Variable", "KerasTensor", "Function", "Operation", "Quantizer"}
# Families in the order in which one object prefers to be named: `keras.losses.mse`, not `keras.metrics.mse`.
PREFERENCE = (
    "layers",
    "losses",
    "optimizers",
    "initializers",
    "regularizers",
    "constraints",
    "activations",
    "ops",
    "utils",
)


def preference(path: str, own_name: str | None) -> tuple[Any, ...]:
    """Return the sort key of a spelling: the smallest is the main name of its object."""
    head, _, leaf = path.rpartition(".")
    if leaf in ROOT_NAMES:
        return (0 if not head else 1, len(path), path)
    top = path.split(".")[0]
    return (
        0 if leaf == own_name else 1,
        1 if not head else 0,
        1 if re.search(r"experimental|legacy|compat|wrappers|_legacy", head) else 0,
        PREFERENCE.index(top) if top in PREFERENCE else len(PREFERENCE),
        head.count("."),
        len(path),
        path,
    )


def kind_of(canonical: str, entry: dict[str, Any]) -> str:
    path = canonical.removeprefix("keras.")
    top = path.split(".")[0]
    leaf = path.split(".")[-1]
    if entry.get("model"):
        return "model"
    if entry.get("layer"):
        return "layer"
    if entry.get("class"):
        if top == "optimizers" and "schedules" in path:
            return "class"
        table = {
            "optimizers": "optimizer",
            "losses": "loss",
            "metrics": "metric",
            "initializers": "initializer",
            "callbacks": "callback",
        }
        return table.get(top, "class")
    if top == "applications" and leaf[:1].isupper():
        return "application"
    if top == "datasets" and leaf == "load_data":
        return "dataset"
    return "op" if top == "ops" else "function"


def assign_names(snapshots: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return {public spelling below `keras`: main name} over all versions."""
    canonical: dict[str, str] = {}
    for data in snapshots.values():
        groups: dict[int, list[str]] = {}
        for path, at in data["names"].items():
            groups.setdefault(at, []).append(path)
        for at, paths in groups.items():
            known = {canonical[p] for p in paths if p in canonical}
            own = data["objects"][at]["name"]
            if len(paths) > 1 and own not in {p.rpartition(".")[2] for p in paths}:
                # One object that stands in for several gone ones, as Keras 3 does for `optimizers.legacy`.
                for path in paths:
                    canonical.setdefault(path, path)
                continue
            best = min(paths, key=lambda p: preference(p, own))
            if len(known) == 1:
                main = known.pop()
            elif best in canonical:
                main = canonical[best]
            else:
                main = best
            for path in paths:
                canonical.setdefault(path, main)
    # A module such as `layers.experimental.preprocessing` only moved names that the newest has elsewhere.
    return {path: move(main, canonical) for path, main in canonical.items()}


def move(main: str, canonical: dict[str, str]) -> str:
    for prefix, target in (
        ("layers.experimental.preprocessing.", "layers."),
        ("layers.experimental.", "layers."),
        ("experimental.", ""),
        ("optimizers.experimental.", "optimizers."),
        ("mixed_precision.experimental.", "mixed_precision."),
    ):
        if main.startswith(prefix) and target + main[len(prefix) :] in canonical:
            return canonical[target + main[len(prefix) :]]
    return main


def template(message: str | None, layer: str, keyword: str, value: str) -> str | None:
    """Return a message with `{layer}`, `{keyword}` and `{given}` in place of what depends on the call."""
    if message is None:
        return None
    text = re.sub(rf"\b{re.escape(layer)}\b", "{layer}", message.split("\n")[0].strip())
    text = text.replace(f"{{'{keyword}': {value}}}", "{given}")
    for fixed in ("('Keyword argument not understood:', '%s')", "unexpected keyword argument '%s'"):
        text = text.replace(fixed % keyword, fixed % "{keyword}")
    return text


def build(snapshot: dict[str, Any], canonical: dict[str, str]) -> dict[str, Any]:
    """Return the whole data of one version, before differences are taken."""
    objects = snapshot["objects"]
    name_of: dict[int, str] = {}
    for path, at in sorted(snapshot["names"].items()):
        main = "keras." + canonical[path]
        if at not in name_of or canonical[path] == path:
            name_of[at] = main
    symbols: dict[str, Any] = {}
    for path, at in sorted(snapshot["names"].items()):
        main = "keras." + canonical[path]
        if main in symbols and canonical[path] != path:
            continue
        entry = objects[at]
        mro = []
        for name, index in entry.get("mro", [])[1:]:
            mro.append(name_of[index] if index is not None else name)
        record: list[Any] = [kind_of(main, entry), entry.get("signature")]
        record += [entry.get("call"), " ".join(mro) or None, entry.get("methods") or None]
        while record[-1] is None and len(record) > 2:
            record.pop()
        symbols[main] = record
    members: dict[str, list[str]] = {}
    for path in sorted(snapshot["names"]):
        head, _, leaf = path.rpartition(".")
        module = "keras." + head if head else "keras"
        main = "keras." + canonical[path]
        members.setdefault(module, []).append(leaf if main == f"{module}.{leaf}" else f"{leaf}={main}")
    data: dict[str, Any] = {
        "symbols": symbols,
        "members": {module: " ".join(names) for module, names in members.items()},
        "modules": {"keras." + m: 1 for m in snapshot["modules"]},
        "tf_only": {"keras." + n: 1 for n in snapshot["tf_only"]},
        "identifiers": {family: " ".join(names) for family, names in snapshot["identifiers"].items()},
        "choices": {
            f"keras.{canonical[path]}.{parameter}": " ".join(values)
            for path, rows in sorted(snapshot["choices"].items())
            for parameter, values in rows.items()
        },
    }
    data.update(build_hidden(snapshot, canonical))
    return data


def build_hidden(snapshot: dict[str, Any], canonical: dict[str, str]) -> dict[str, Any]:
    """Return the hidden-keyword tables: the most common row as "*", other layers as exceptions from it."""
    values = {
        "input_shape": "(4,)", "input_dim": "4", "input_length": "5", "batch_input_shape": "(2, 4)",
        "batch_shape": "(2, 4)", "batch_size": "2", "weights": "[]", "name": "'abc'", "trainable": "True",
        "dtype": "'float32'", "input_dtype": "'float32'", "activity_regularizer": "None", "autocast": "True",
        "dynamic": "False", "sparse": "True", "ragged": "True", "foo": "1",
    }  # fmt: skip
    rows: dict[str, dict[str, str]] = {}
    takers: dict[str, dict[str, str]] = {}
    routes: dict[str, str] = {}
    for path, row in sorted(snapshot["hidden"].items()):
        main = "keras." + canonical[path]
        own = snapshot["objects"][snapshot["names"][path]]["name"]
        coded = {}
        for keyword, (answer, answered, declared) in row.items():
            # An error or warning about the value that was tried, or about the layer, says nothing on the keyword.
            about = answer == "accepted" or bool(ABOUT_THE_KEYWORD.search(answered))
            status, message = (answer, answered) if about else ("accepted", None)
            text = template(message, own, keyword, values[keyword])
            coded[keyword] = status + (" declared" if declared else "") + ("|" + text if text else "")
        rows[main] = coded
        found = snapshot["takers"][path]
        routes[main] = " ".join(found.pop(""))
        takers[main] = {keyword: " ".join(place) for keyword, place in found.items() if place}
    common = {k: Counter(r[k] for r in rows.values()).most_common(1)[0][0] for k in values} if rows else {}
    usual = {
        k: Counter(t.get(k, "") for t in takers.values()).most_common(1)[0][0] for k in values if k != "foo"
    } if takers else {}  # fmt: skip
    hidden = {"*": common}
    hidden.update({m: {k: v for k, v in r.items() if v != common[k]} for m, r in rows.items()})
    places = {"*": {k: v for k, v in usual.items() if v}}
    for main, taken in takers.items():
        different = {k: taken.get(k, "") for k in usual if taken.get(k, "") != usual[k]}
        if different:
            places[main] = different
    return {"hidden": hidden, "takers": places, "routes": routes}


def difference(new: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """Return what to write over `base` to get `new`; None removes a key."""
    out: dict[str, Any] = {}
    for section in new:
        changed = {k: v for k, v in new[section].items() if k not in base[section] or base[section][k] != v}
        changed.update({k: None for k in base[section] if k not in new[section]})
        if changed:
            out[section] = changed
    return out


def write(path: Path, data: dict[str, Any]) -> None:
    """Write JSON with one entry a line, so that a difference between two runs can be read."""
    lines = ["{"]
    sections = list(data.items())
    for number, (section, entries) in enumerate(sections):
        comma = "," if number + 1 < len(sections) else ""
        if isinstance(entries, dict) and entries:
            lines.append(f'"{section}": {{')
            items = sorted(entries.items())
            for index, (key, value) in enumerate(items):
                end = "," if index + 1 < len(items) else ""
                lines.append(f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'), sort_keys=True)}{end}")
            lines.append("}" + comma)
        else:
            lines.append(f'"{section}": {json.dumps(entries)}{comma}')
    lines.append("}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("snapshots", type=Path)
    parser.add_argument("--out", type=Path, default=Path("keras_lsp/catalogue/data"))
    options = parser.parse_args()
    snapshots = {
        version: json.loads((options.snapshots / f"{file}.json").read_text(encoding="utf-8"))
        for file, version, _ in SOURCES
    }
    canonical = assign_names(snapshots)
    built = {version: build(data, canonical) for version, data in snapshots.items()}
    options.out.mkdir(parents=True, exist_ok=True)
    for _, version, base in SOURCES:
        content = difference(built[version], built[base]) if base else built[version]
        write(options.out / f"{version}.json", {"version": version, "base": base, **content})
    spans: dict[str, list[str]] = {}
    for _, version, _ in reversed(SOURCES):
        for name in built[version]["symbols"]:
            spans.setdefault(name, []).append(version)
    write(
        options.out / "names.json",
        {
            "spellings": {p: m for p, m in canonical.items() if p != m},
            "spans": {n: " ".join(v) for n, v in spans.items()},
            "modules": sorted({m for data in built.values() for m in data["modules"]}),
        },
    )
    internal: dict[str, dict[str, str]] = {}
    for data in snapshots.values():
        public = {at: canonical[path] for path, at in sorted(data["names"].items(), key=lambda item: -len(item[0]))}
        for path, at in data["internal"].items():
            head, _, leaf = path.rpartition(".")
            internal.setdefault(head, {}).setdefault(leaf, public[at])
    inside = json.loads((options.out / "internal.json").read_text(encoding="utf-8"))["modules"]  # see inside.py
    write(options.out / "internal.json", {"paths": internal, "modules": inside})
    for file in sorted(options.out.glob("*.json")):
        print(f"{file.name:16} {file.stat().st_size:8,}")


if __name__ == "__main__":
    main()
