"""What would move the plan, and how far: ranges, what-if, the price of fairness, plans made again."""
