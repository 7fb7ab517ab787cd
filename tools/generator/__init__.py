"""A seeded year of many halls, as their hubs would have journalled it: for loads, and to have figures to look at."""
