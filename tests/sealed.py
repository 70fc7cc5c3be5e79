"""Run a command with no network but loopback: in an own network namespace where the system allows it.

Usage: python tests/sealed.py COMMAND [ARGUMENT ...]. Where no namespace can be made (not root, not Linux),
the command runs as it is, and the audit hook of tests/conftest.py guards the test process alone.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP_RUNNING = 0x41


def seal() -> bool:
    """Leave the network for a namespace that holds loopback only; tell whether that worked."""
    if sys.platform != "linux" or ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        fcntl.ioctl(probe, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP_RUNNING))
    return True


if __name__ == "__main__":
    if not seal():
        print("sealed: no network namespace here; only the test process itself is guarded", file=sys.stderr)
    os.execvp(sys.argv[1], sys.argv[1:])
