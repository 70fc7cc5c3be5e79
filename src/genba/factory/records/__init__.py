"""Params and Result of each of the factory's operations."""
