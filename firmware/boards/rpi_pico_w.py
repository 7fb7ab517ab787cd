"""Raspberry Pi Pico W: as the Pico; its radio takes GPIO 23, 24, 25 and 29, which we leave alone."""

NAME = "rpi_pico_w"
EVALUATOR_KEY_PINS = (2, 3, 4, 5, 6)
EVALUATOR_LAMP_PINS = (10, 11, 12, 13, 14)
CALLER_ROW_PINS = (2, 3, 4, 5)
CALLER_COLUMN_PINS = (6, 7, 8, 9)
CALLER_FOUR_KEY_PINS = (2, 3, 4, 5)
CALLER_CLK_PIN = 10
CALLER_DIO_PIN = 11
POWER_LED_PIN = 15
BUZZER_PIN = 16
STRAP_PIN = 22
SCREEN_I2C = (0, 20, 21)  # its number, data, clock
UART_ID = 0
UART_TX_PIN = 0
UART_RX_PIN = 1
BAUD = 115_200
# Its flash is programmed in pages of 256 bytes (`progsize=256`), which gives littlefs a cache of 1,024.
LOG_TAIL_BYTES = 232
# A dispenser: twelve keys, the clerk's key inside, three lines to the lamps' shift registers, the printer's UART.
DISPENSER_KEY_PINS = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)
DISPENSER_CLERK_PIN = 14
DISPENSER_LAMP_PINS = (17, 18, 19)  # data, clock, latch
PRINTER_UART_ID = 1
PRINTER_TX_PIN = 20
PRINTER_RX_PIN = 21
PRINTER_BAUD = 38_400
