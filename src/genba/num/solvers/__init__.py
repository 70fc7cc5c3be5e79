"""Doors to solver packages: one file each, call and status only."""
