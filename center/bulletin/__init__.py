"""The monthly notice (月通报): its figures, and the forms that it is given out in."""
