"""One hall: its rules, journal, boxes, pages, voice and paper, and its way to the center."""
