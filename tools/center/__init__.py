"""`tingting center …`: what is done with a center's store from the command line."""
