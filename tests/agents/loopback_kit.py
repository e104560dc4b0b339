"""Commands in a network namespace that has nothing but loopback, for what must not find a way out."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence

import pytest

from agents.studies.ray_engine import has_ray

# Sets the flags "up" and "running" of the interface lo (SIOCSIFFLAGS).
_UP = (
    "import fcntl, socket, struct; "
    "fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8914, "
    "struct.pack('16sh', b'lo', 0x41))"
)
_WAYS = (["unshare", "-rn"], ["unshare", "-n"])  # as anybody, then as root of a strict machine


def loopback_only(command: Sequence[str]) -> list[str]:
    """The command, to be run where the only network is the machine itself.

    Skips the test where Ray is not installed, or no such namespace may be made.
    """
    if not has_ray():
        pytest.skip("Ray is not installed (pip install 'rapport[scale]')")
    if not shutil.which("unshare"):
        pytest.skip("there is no unshare on this machine")
    for way in _WAYS:
        up = [*way, sys.executable, "-c", _UP]
        if subprocess.run(up, check=False, capture_output=True).returncode == 0:
            first, then = shlex.join([sys.executable, "-c", _UP]), shlex.join(command)
            return [*way, "bash", "-c", f"{first} && exec {then}"]
    pytest.skip("this machine lets nobody make a network namespace")
