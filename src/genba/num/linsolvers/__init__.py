"""Doors to sparse linear solvers: one contract, one file per method."""
