"""What the line's results look like."""
