"""What stands beside the plan: accounts, overlay quotas, other metrics and units."""
