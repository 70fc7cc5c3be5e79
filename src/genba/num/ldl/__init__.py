"""Sparse block LDL^T with pivoting inside the blocks."""
