"""ESP32-C3 (DevKitM-1 and alike): which pin is what.

An evaluator's keys and lamps stand in the order of the grades 5, 4, 3, 2, 1.

GPIO 11 to 17 belong to the flash. 2 and 8 must be high at reset (a key's pull-up, a lamp's resistor to 3.3 V) and 9 is
the boot button, which is our strap: held a moment after reset, not during it. The link runs over the board's own
USB-to-serial bridge (20, 21), where the REPL is while the application isn't; the native USB pins (18, 19) are used up.
"""

NAME = "esp32_c3"
EVALUATOR_KEY_PINS = (0, 1, 2, 3, 10)
EVALUATOR_LAMP_PINS = (4, 5, 6, 7, 8)
CALLER_ROW_PINS = (0, 1, 3, 4)
CALLER_COLUMN_PINS = (5, 6, 7, 10)
CALLER_FOUR_KEY_PINS = (0, 1, 3, 4)
CALLER_CLK_PIN = 2
CALLER_DIO_PIN = 8
POWER_LED_PIN = 18
BUZZER_PIN = 19
STRAP_PIN = 9
SCREEN_I2C = None  # every pin has its work: no display
UART_ID = 1
UART_TX_PIN = 21
UART_RX_PIN = 20
BAUD = 115_200
# Its littlefs has a cache of 128 bytes, and only what fits stays inline.
LOG_TAIL_BYTES = 124
