"""The hall's voice: what is said, in which order, from which clip. It follows the calls and never delays one."""
