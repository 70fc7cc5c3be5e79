"""Views of the factory's results."""
