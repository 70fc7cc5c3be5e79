"""What must not be lost: the record of runs, and stored files."""
