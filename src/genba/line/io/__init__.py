"""Line file formats, one file each."""
