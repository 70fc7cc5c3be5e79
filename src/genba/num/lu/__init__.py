"""Sparse block LU on a fixed, structurally symmetric pattern."""
