"""Programs typed character by character and mutated by tokens, through the session that the server uses.

`python -m tests.fuzz --edits 1000000` is the long run; `test_fuzz.py` is a short one of the same.
"""
