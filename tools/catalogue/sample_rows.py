"""Write the fixed sample of contract rows that the tests ask, from a folder with all rows.

    KERAS_LSP_CONTRACT=FOLDER python tools/catalogue/sample_rows.py

Takes every distinct use of the keywords (position and keywords) on a few layers that differ most, and a hash-chosen
part of the other layers, about a hundred and thirty rows for each version.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from catalogue.contract_rows import external_folder, folder_rows  # noqa: E402

# One row in so many is taken; the layers that the contracts treat differently are taken more often.
RATES = {"Dense": 4, "LSTM": 5, "Embedding": 4, "Conv1D": 9, "Bidirectional": 9, "SpatialDropout1D": 9, "RNN": 9}
OTHERS = 170


def main() -> None:
    rows = []
    for row in folder_rows(external_folder()):
        key = json.dumps([row["version"], row["layer"], row["keywords"], row["position"], row["call"]])
        if int(hashlib.sha256(key.encode()).hexdigest(), 16) % RATES.get(row["layer"], OTHERS) == 0:
            rows.append(json.dumps(row, separators=(",", ":")))
    rows = sorted(set(rows))
    out = ROOT / "tests" / "catalogue" / "data" / "contract_sample.jsonl"
    out.write_text("\n".join(rows) + "\n", encoding="utf-8")
    print(f"{len(rows)} rows, {out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
