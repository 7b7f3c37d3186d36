"""What is written down, and how: facts, keys, letters to send, accounts."""
