"""The center's HTTP doors and pages."""
