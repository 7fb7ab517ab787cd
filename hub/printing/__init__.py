"""Tickets on paper by printers at the hub: asked before a number is given, believed only when they say it is out."""
