"""A radio without hardware: an unmodified bleak on one side, boards with MicroPython's `bluetooth` on the other.

Between them stand Bumble's virtual controllers and its real L2CAP, ATT and GATT. This process adds what a room full of
radios does to them, and what Linux has above them:

    air.py         connection events, loss, garbling, supervision timeout, frozen peers: the model
    peripheral.py  one board's radio                tree.py      objects on a D-Bus
    adapter.py     one Bluetooth adapter (hciN)     bluez.py     org.bluez: what bluetoothd does for bleak
    attributes.py  its GATT objects                 daemon.py    the private D-Bus daemon
    stranger.py    a central that is nobody's hub   control.py   faults on purpose, over a local socket
    client.py      starting this process and asking it for faults

What it does not show: interference between links, passive scans, bonding, BlueZ's attribute cache.
"""
