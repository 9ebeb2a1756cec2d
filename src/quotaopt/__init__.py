"""quotaopt: allocate a sales target to reps, products and months by linear programming."""

__version__ = "0.1.0"
