"""Residents: report, follow, read. No login, phone first."""
