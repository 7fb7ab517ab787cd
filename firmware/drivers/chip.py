"""The board's own parts as a box is opened: pins by number, PWM, buses. Only drivers and links use `machine`."""

import machine


def key_pin(number):
    """An input that a key pulls to ground."""
    return machine.Pin(number, machine.Pin.IN, machine.Pin.PULL_UP)


def open_drain(number):
    """An output that pulls down or lets go; its own pull-up and the part's hold it high."""
    return machine.Pin(number, machine.Pin.OPEN_DRAIN, machine.Pin.PULL_UP, value=1)


def lamp_pin(number):
    """An output that begins dark."""
    return machine.Pin(number, machine.Pin.OUT, value=0)


def tone(number):
    """A silent PWM on this pin."""
    return machine.PWM(machine.Pin(number), freq=1000, duty_u16=0)


def i2c(pins):
    """The bus of a display: (number, data pin, clock pin), or None without pins for it."""
    if pins is None or not hasattr(machine, "I2C"):
        return None
    number, sda, scl = pins
    return machine.I2C(number, sda=machine.Pin(sda), scl=machine.Pin(scl), freq=400_000)


def watch_falling(pins, call):
    """`call(pin)` when one of these falls; it runs in an interrupt and may set a flag, no more."""
    for pin in pins:
        pin.irq(handler=call, trigger=machine.Pin.IRQ_FALLING)
