"""The city hotline: its orders come in, receipts, progress and results go back."""
