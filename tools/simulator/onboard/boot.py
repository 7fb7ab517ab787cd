"""Bringing a board up."""

import gc
import json
import os
import sys

import vfs
from onboard import kinds
from onboard import link as _link


def _stand_ins():
    """Replaces what boards have otherwise, before any program imports it; the order keeps the native clock in ours."""
    from onboard import clock, flash, machine, processor, tasks, waiting  # noqa: PLC0415 - need the open link

    for name, module in (("select", waiting), ("machine", machine), ("time", clock), ("micropython", processor)):
        sys.modules[name] = sys.modules["u" + name] = module
    sys.modules["_asyncio"] = tasks
    if _link.link.config["radio_address"]:
        from onboard import bluetooth  # noqa: PLC0415 - only boards with a radio have it

        sys.modules["bluetooth"] = sys.modules["ubluetooth"] = bluetooth
    if _link.link.config["i2c"] is not None:
        from onboard import i2c  # noqa: PLC0415 - only boards with a display of dots have it

        machine.I2C = i2c.I2C
    if _link.link.config["matrix"]:
        from onboard import crossings  # noqa: F401, PLC0415 - only boards with a keypad have it
    return flash


def _mount(board, flash):
    config = board.config
    device = flash
    if config["record_the_flash"]:  # in words the board's table of names need not grow for: too long to be kept in it
        device = __import__("onboard.recording", None, None, ["Flash"])
    device = device.Flash(
        board, config["image"], config["undo"], config["blocks"], config["erase_us"], config["program_us"]
    )
    try:
        volume = vfs.VfsLfs2(device, progsize=flash.PAGE)
    except OSError:
        vfs.VfsLfs2.mkfs(device, progsize=flash.PAGE)
        board.send(kinds.BLOCK, "BH", kinds.FORMAT, 0)
        volume = vfs.VfsLfs2(device, progsize=flash.PAGE)
    vfs.umount("/")
    vfs.mount(volume, "/")
    os.chdir("/")


def prepare(socket_path):
    """Everything up to the point where a board looks for boot.py."""
    board = _link.open_link(socket_path)
    _mount(board, _stand_ins())
    sys.path[:] = ["", ".frozen", "/lib"]
    gc.collect()
    found = {
        "implementation": list(sys.implementation.version),
        "version": sys.version,
        "mem_free": gc.mem_free(),
        "mem_alloc": gc.mem_alloc(),
    }
    board.send_bytes(kinds.READY, 0, json.dumps(found).encode())


def _run_file(name, scope):
    try:
        with open(name) as file:
            code = file.read()
    except OSError:
        return
    try:
        code = compile(code, name, "exec")  # a board compiles from the file, and keeps no text of it
        exec(code, scope)
    except SystemExit:
        raise
    except BaseException as error:
        sys.print_exception(error)


def run(scope):
    """boot.py always, main.py unless the host holds the board in its raw REPL."""
    _run_file("boot.py", scope)
    if _link.link.config["run_main"]:
        _run_file("main.py", scope)
