"""Certificates of the factory's operations."""
