"""Speed and memory, as ratios against other Python language servers measured in the same run.

`python -m tests.benchmarks` prints the table and fails where a target is missed. Not part of the test run: figures of a busy
machine say nothing.
"""
