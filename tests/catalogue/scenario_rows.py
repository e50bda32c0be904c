"""Small programs that five real versions were asked to run, and what keras-lsp says about them.

A row of `errors_*.json.gz` is a program of a line or a few, its outcome and the error's text. The programs were recorded while
models were made, not while they ran: what keras-lsp says will fail "as soon as the model runs" does not contradict a row that was
accepted. Such claims were looked at one by one (`FAIL_WHEN_RUN`), by running the models under the same versions.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_lsp.analysis import analyse_document
from keras_lsp.catalogue import parse_version
from keras_lsp.inference.world import World
from keras_lsp.project.settings import Settings
from keras_lsp.rules.base import Severity
from keras_lsp.text.document import Document

FILES = {
    "errors_k231": "2.3.1",
    "errors_tf230": "tf2.3.0",
    "errors_tf215": "2.15.1",
    "errors_k3.0": "3.0.5",
    "errors_k3.15": "3.15.1",
}
# Accepted while the model was made; each was run with arrays of its input shapes under the versions in question, and failed.
FAIL_WHEN_RUN = frozenset(
    """
    conv.lstm_reuse_mismatch conv.transpose_output_padding_bad merge.additive_mismatch merge.attention_dim_mismatch
    merge.attention_kv_mismatch merge.dot_axes0 merge.lstm_initial_state_bad merge.lstm_initial_state_one merge.mha_rank2
    merge.timedist_conv_negdim spec.embedding_input_dim=-1 spec.embedding_output_dim=-1 spec.randomflip_rank2
    spec.resizing_rank2 spec.softmax_axis_oob spec.textvec_rank conv.negdim_avgpool2d conv.negdim_chain conv.negdim_conv1d
    conv.negdim_conv2d conv.negdim_conv3d conv.negdim_convlstm conv.negdim_depthwise conv.negdim_dilated
    conv.negdim_maxpool1d conv.negdim_maxpool2d conv.negdim_maxpool3d conv.negdim_separable conv.negdim_separable1d
    functional.disconnected functional.disconnected_deep functional.disconnected_new_input functional.ops_einsum_bad
    """.split()
)


@dataclass(frozen=True)
class Verdict:
    """What became of a row: "right" (silent where it runs), "found", "missed", "false", "late" (a claim about running)."""

    kind: str
    row: str
    code: str
    says: str


def prelude(version: str) -> str:
    """The names that the programs use."""
    package = "tensorflow.keras" if version.startswith(("2.15", "tf")) else "keras"
    lines = [
        "import numpy as np",
        "import tensorflow as tf",
        "from tensorflow import keras" if package != "keras" else "import keras",
        f"from {package} import layers as L, backend as K",
        f"from {package}.layers import Input",
        f"from {package}.models import Model, Sequential",
    ]
    if version.startswith("3"):
        lines.append("from keras import ops")
    return "\n".join(lines) + "\n"


def rows(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """The rows of one version."""
    with gzip.open(folder / f"{name}.json.gz") as file:
        yield from json.load(file)["rows"]


def judge(row: dict[str, Any], version: str) -> Verdict:
    """Compare what keras-lsp says about a program with what happened."""
    text = f"{prelude(version)}{row['code']}\n"
    analysis = analyse_document(Document("file:///row.py", None, text), World(parse_version(version)), Settings())
    assert not analysis.facts.internal_errors, (row["id"], analysis.facts.internal_errors)
    errors = [finding for finding in analysis.findings if finding.severity is Severity.ERROR]
    says = f"{errors[0].code} {errors[0].message}" if errors else str(row.get("message"))
    if not row["outcome"].startswith("accepted"):
        kind = "found" if errors else "missed"
    elif not errors:
        kind = "right"
    elif row["id"] in FAIL_WHEN_RUN and all("as soon as the model runs" in finding.message for finding in errors):
        kind = "late"
    else:
        kind = "false"
    return Verdict(kind, row["id"], row["code"], " ".join(says.split()))
