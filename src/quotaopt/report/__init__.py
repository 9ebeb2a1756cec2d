"""What people and other programs get to see: text, CSV and JSON of findings, runs and comparisons."""
