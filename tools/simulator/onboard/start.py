"""The first thing a simulated board runs: puts the stand-ins in place, mounts the flash, runs boot.py and main.py.

    micropython -X heapsize=… -i onboard/start.py SOCKET

Started in the folder above, by a short name: the interpreter keeps the name of each module in the firmware's heap.
Runs as `__main__`, so that afterwards the REPL sees the program's names, as on a board.
"""

import sys

sys.path.insert(0, "")

from onboard import boot

boot.prepare(sys.argv[1])
del sys.argv[:]
_run = boot.run
del boot, sys
_run(globals())
