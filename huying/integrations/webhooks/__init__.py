"""Webhooks: what happens to cases, pushed to subscribers."""
