"""Grid numerics: arrays in, arrays out, per unit and radians."""
