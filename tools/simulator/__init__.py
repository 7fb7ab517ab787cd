"""A board without hardware, for tests, the demo and the benchmarks.

The interpreter is the genuine MicroPython unix port; the firmware on it is the one that goes onto boxes and cannot
tell the difference. What the unix port lacks stands in `onboard/` and runs on MicroPython: `machine`, `time` with
ticks that wrap, `select`, the block device below a real littlefs volume. This process supervises:

    board.py      one board: power, resets, watchdog, pins, counters     verbs.py    what can be done to a board
    process.py    one life of its interpreter                            control.py  the same over a local socket
    terminal.py   its USB terminal (mpremote, or a hub)                  client.py   boards in another process
    serial_line.py  its UART as a TCP port                               flash.py    its flash, a file

`python -m tools.simulator --help` starts boards as a process of their own.
"""
