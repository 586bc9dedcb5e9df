import socket
import subprocess
import sys

STARTING = """
import sys, time
from hounsfield.app.child import LifeLine
life_line = LifeLine(int(sys.argv[1]))
life_line.leave_while_starting()
print("starting", flush=True)
time.sleep(600)
"""


def test_a_child_that_is_still_starting_leaves_when_its_life_line_ends():
    ours, theirs = socket.socketpair()
    with (
        ours,
        theirs,
        subprocess.Popen(
            [sys.executable, "-c", STARTING, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdout=subprocess.PIPE,
        ) as child,
    ):
        theirs.close()
        assert child.stdout.readline() == b"starting\n"
        ours.sendall(b"something else\n")
        assert child.poll() is None
        ours.close()
        assert child.wait(60) == 0
