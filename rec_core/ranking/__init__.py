"""The steps of one recommendation: signals, their mix, and diversity."""
