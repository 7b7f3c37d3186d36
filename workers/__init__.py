"""What happens without an agent: mails leaving, reminders, expiry, erasure."""
