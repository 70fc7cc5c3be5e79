"""The line's data, and the Params and Result of each operation."""
