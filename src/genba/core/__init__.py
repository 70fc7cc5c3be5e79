"""The words of the project: what every other layer speaks, with no numerics and no input or output."""
