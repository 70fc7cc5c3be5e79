"""Exact checks of the grid's results, by code that shares nothing with the kernels."""
