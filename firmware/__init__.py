"""What runs on the boxes at the counters: MicroPython, with nothing but its standard modules beside protocol/."""

VERSION = "0.1.0"
