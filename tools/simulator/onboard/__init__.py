"""What runs on a simulated board, on MicroPython: stand-ins for the hardware that the unix port lacks."""
