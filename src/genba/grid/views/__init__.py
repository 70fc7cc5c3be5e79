"""What the grid's results look like."""
