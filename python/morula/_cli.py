"""The command ``morula`` in this process: the script that the wheel installs."""

from __future__ import annotations

import signal
import sys

from . import _morula


def main() -> None:
    """Run the command with the arguments of this process, and end the process.

    The command handles signals by itself. It is made for a process of its own: from a program, start
    ``[sys.executable, "-m", "morula", ...]`` as a child.
    """
    # Python's handler would only note Ctrl-C while the command runs.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    program = [sys.executable, "-m", "morula"]
    code = _morula.run_command(["morula", *sys.argv[1:]], program)
    sys.exit(code)
