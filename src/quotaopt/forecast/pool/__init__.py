"""The pooled forecast: all levels of a panel at once, and how wrong it was."""
