"""What was sold, made ready to be forecast: who holds it now, cleared of what will not come again."""
