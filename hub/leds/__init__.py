"""LED modules over the windows: they follow what boards may show, and delay nobody."""
