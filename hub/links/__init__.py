"""Lines to boxes, over cables and over the air: bytes in, bytes out, and back after a loss."""
