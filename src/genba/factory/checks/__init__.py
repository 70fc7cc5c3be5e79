"""Checks of what the factory is given: data in, findings out."""
