"""How far sales may stray: joint sample paths, and how they are scored."""
