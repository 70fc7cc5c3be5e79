"""Grid file formats, one file each."""
