"""A fictitious town hall: its agents, believable citizens and what they answer."""
