"""Line numerics: arrays in, arrays out; integer times in balancing, seconds in simulation."""
