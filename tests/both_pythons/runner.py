"""Runs the plain `test_*` functions of files on MicroPython: `micropython tests/both_pythons/runner.py FILE…`.

Call it from the project's root. Each function gives one line, `ok NAME` or `FAIL NAME` with its traceback behind it;
the exit code says whether all were ok. pytest reads those lines (test_on_micropython.py).
"""

import sys

sys.path.insert(0, ".")


def run(path: str) -> int:
    """The number of tests of one file that failed."""
    name = path[:-3].replace("/", ".")
    module = sys.modules.get(name)
    if module is None:
        __import__(name)
        module = sys.modules[name]
    failed = 0
    for test in sorted(dir(module)):
        if not test.startswith("test_"):
            continue
        try:
            getattr(module, test)()
        except Exception as error:
            failed += 1
            print("FAIL", test)
            sys.print_exception(error, sys.stdout)
        else:
            print("ok", test)
    return failed


if __name__ == "__main__":
    total = 0
    for file in sys.argv[1:]:
        print("file", file)
        total += run(file)
    sys.exit(1 if total else 0)
