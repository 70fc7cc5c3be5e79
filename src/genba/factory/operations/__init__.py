"""What the factory itself offers."""
