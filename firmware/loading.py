"""Modules that are needed once, or one of several: loaded by their name, and forgotten again."""

import gc
import sys


def once(name):
    """A module by its full name: of boards, links and screens only the one in use is loaded.

    It is forgotten again, in the table of modules and in its package: what its user doesn't keep of it is free memory.
    """
    gc.collect()
    try:
        module = __import__(name, None, None, ["*"])
    except MemoryError:
        sys.modules.pop(name, None)  # what there was room for goes, too
        raise
    last = ""
    while "." in name:
        del sys.modules[name]
        name, _, last = name.rpartition(".")
    if last:
        delattr(sys.modules[name], last)
    return module
