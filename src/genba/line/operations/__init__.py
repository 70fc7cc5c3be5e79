"""What the assembly line domain can do, one operation a file."""
