"""How a board is built."""

from dataclasses import dataclass
from typing import Any

from tools.simulator import flash


@dataclass(frozen=True, slots=True)
class Options:
    """The defaults are an RP2040 board's."""

    heap_bytes: int = 200 * 1024
    blocks: int = flash.BLOCKS
    erase_ms: float = flash.ERASE_MS
    program_ms: float = flash.PROGRAM_MS
    baud_delay: bool = True
    uart_port: int = 0
    overrun: bool = False  # True: bytes that find the UART's buffer full are lost, as on hardware
    lose_unsynced: bool = False  # True: a power cut takes back what flash had not synced
    record: str | None = None  # a file that takes every change of the flash: where, how long (u32 each), the bytes
    paper_columns: int = 48  # of a dispenser's printer: 48 (80 mm) or 32 (58 mm)
    start_ticks_ms: int = 0  # close to 2^30 to see the ticks wrap
    panel: str | None = None  # a display on the I2C bus: "ssd1306" or "sh1106"
    radio: str | None = None  # socket of the radio process; None: a board without a radio

    @property
    def config(self) -> dict[str, Any]:
        """For the stand-ins of a boot."""
        return {
            "record_the_flash": self.record,
            "blocks": self.blocks,
            "erase_us": round(self.erase_ms * 1000),
            "program_us": round(self.program_ms * 1000),
            "baud_delay": self.baud_delay,
            "start_ticks_ms": self.start_ticks_ms,
        }
