"""What Suivi is compared with: each does the same work in another way."""
