"""REST under `/v1`: every endpoint follows from the registry and the factory."""
