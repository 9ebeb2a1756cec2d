"""A plan handed out to managers as files, and brought back."""
