"""The console: what people see of the factory in a browser; it acts only by submitting operations."""
