"""Keras versions and the four first-layer contracts that they fall into."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

# TensorFlow 2.16 is the first whose `tf.keras` is Keras 3.
_FIRST_TENSORFLOW_WITH_KERAS_3 = (2, 16)
# TensorFlow 2.3 is the first whose layers all take `input_dim`.
_FIRST_TENSORFLOW_OF_C = (2, 3)
# Up to 2.3 Keras was a package of its own; from 2.4 on the same package is TensorFlow's.
_LAST_STANDALONE = (2, 3)


class Contract(str, Enum):
    """How a layer takes its first-layer keywords; in the order in which they came.

    A: standalone Keras 2.0 to 2.3. B: `tf.keras` of TensorFlow 1.13 to 2.2. C: TensorFlow 2.3 to 2.15 and tf_keras.
    D: Keras 3.
    """

    A = "A"
    B = "B"
    C = "C"
    D = "D"


@dataclass(frozen=True, order=True)
class KerasVersion:
    """A Keras version; for contracts B and C the numbers are those of TensorFlow or of Keras 2.4 to 2.15."""

    contract: Contract
    major: int
    minor: int
    micro: int = 0

    @property
    def generation(self) -> int:
        """2 for contracts A to C, 3 for D."""
        return 3 if self.contract is Contract.D else 2

    def as_tuple(self) -> tuple[int, int, int]:
        """The numbers Keras itself would print: TensorFlow 2.3's `tf.keras` calls itself 2.4.0, earlier ones 2.2.4."""
        if self.contract is Contract.B:
            return (2, 2, 4)
        if self.contract is Contract.C and self.minor <= _LAST_STANDALONE[1]:
            return (2, 4, 0)
        return (self.major, self.minor, self.micro)

    @property
    def label(self) -> str:
        """The version as a person names it: `Keras 3.15`, `tf.keras of TensorFlow 2.3`."""
        if self.contract is Contract.B or (self.contract is Contract.C and self.minor <= _LAST_STANDALONE[1]):
            return f"tf.keras of TensorFlow {self.major}.{self.minor}"
        return f"Keras {self.major}.{self.minor}"

    def __str__(self) -> str:
        """Return the shortest text that `parse_version` reads as this version, without the micro number."""
        numbers = f"{self.major}.{self.minor}"
        if self.contract is Contract.B or (self.contract is Contract.C and self.minor <= _LAST_STANDALONE[1]):
            return f"tf{numbers}"
        return numbers


LATEST = KerasVersion(Contract.D, 3, 15, 1)
"""The newest version in the catalogue's data."""

_LAST_KERAS_2 = KerasVersion(Contract.C, 2, 15, 0)
_LAST_TF_KERAS = KerasVersion(Contract.C, 2, 21, 0)

_PATTERN = (
    r"^\s*(?P<package>tensorflow(?:[-_ ](?:cpu|gpu|intel))?|tf[._]keras|keras|tf)?[\s=v-]*"
    r"(?P<major>\d+)?(?:\.(?P<minor>\d+))?(?:\.(?P<micro>\d+))?(?:[.+-]?(?:rc|a|b|dev|post)\S*|\.\*)?\s*$"
)


def parse_version(text: str) -> KerasVersion:
    """Return the version that a person, a pin or a dist-info names.

    `"3"`, `"3.15.1"`, `"2.15"` and `"2.3"` are Keras versions (2.3 is standalone Keras); `"tf2.2"`,
    `"tensorflow 2.3"`, `"tf-2.16.1"` are TensorFlow's; `"tf_keras"` and `"tf_keras 2.16"` are the legacy package.
    Raises ValueError with a message for people when it is none of these.
    """
    match = re.match(_PATTERN, text, re.IGNORECASE)
    package = (match["package"] or "keras").lower() if match else ""
    if match is None or (match["major"] is None and match["package"] is None):
        raise ValueError(f"{text!r} is not a Keras version; write for example 3, 3.15, 2.15, tf2.3 or tf_keras")
    major = int(match["major"]) if match["major"] else None
    minor = int(match["minor"]) if match["minor"] else None
    micro = int(match["micro"] or 0)
    if package == "tf_keras":
        return KerasVersion(Contract.C, 2, minor, micro) if minor is not None else _LAST_TF_KERAS
    if package.startswith("tensorflow") or package in ("tf", "tf.keras"):
        return _of_tensorflow(text, major, minor, micro)
    if major is None or (major == 3 and minor is None):
        return LATEST
    if major == 3:
        assert minor is not None
        return KerasVersion(Contract.D, 3, minor, micro)
    if major == 2:
        if minor is None:
            return _LAST_KERAS_2
        return KerasVersion(Contract.A if (2, minor) <= _LAST_STANDALONE else Contract.C, 2, minor, micro)
    raise ValueError(f"Keras {major} is not supported; keras-lsp knows Keras 2 and 3")


def _of_tensorflow(text: str, major: int | None, minor: int | None, micro: int) -> KerasVersion:
    if major is None or (major == 2 and minor is None):
        return LATEST
    if major == 1:
        return KerasVersion(Contract.B, 1, 15 if minor is None else minor, micro)
    if major != 2:
        raise ValueError(f"{text!r}: TensorFlow {major} is not supported; keras-lsp knows TensorFlow 1 and 2")
    assert minor is not None
    if (2, minor) >= _FIRST_TENSORFLOW_WITH_KERAS_3:
        return LATEST
    return KerasVersion(Contract.B if (2, minor) < _FIRST_TENSORFLOW_OF_C else Contract.C, 2, minor, micro)
