"""The digest of a run: what idempotency, resume, caching and lineage compare."""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from genba.core.errors import InputError


def canonical(value: Any) -> Any:
    """Give JSON data in canonical form: -0.0 becomes 0.0; NaN and infinities are refused."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(f"found {value} among the params; only finite numbers are allowed")
        return value + 0.0  # turns -0.0 into 0.0
    if isinstance(value, Mapping):
        return {str(key): canonical(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(entry) for entry in value]
    return value


def canonical_json(value: Any) -> str:
    """Give the one text of some JSON data: sorted keys, no spaces, floats by repr."""
    return json.dumps(
        canonical(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def run_digest(operation: str, params: Mapping[str, Any], inputs: Mapping[str, str], *, version: str) -> str:
    """Give the SHA-256 of operation, canonical params, input digests (by field path) and package version."""
    body = {"operation": operation, "params": params, "inputs": inputs, "version": version}
    return hashlib.sha256(canonical_json(body).encode()).hexdigest()
