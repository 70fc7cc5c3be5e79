"""Exact checks of the line's results, by code that shares nothing with the kernels."""
