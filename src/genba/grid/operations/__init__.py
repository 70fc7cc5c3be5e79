"""What the grid line can do, one operation a file."""
