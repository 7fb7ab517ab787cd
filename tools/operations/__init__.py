"""`tingting hub status`, `tingting hub tokens` and `tingting doctor`: looking after what is installed."""
