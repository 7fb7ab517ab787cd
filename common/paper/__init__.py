"""A ticket printer without paper: ESC/POS bytes read back into slips, drawn as pictures, and a printer to plug in."""
