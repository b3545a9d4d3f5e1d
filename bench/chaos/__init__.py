"""Killing everything while money moves: `make chaos` (python -m bench.chaos). docs/bench.md says what it proves."""
