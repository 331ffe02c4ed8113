"""Visits as pages: on the phone, on the desk."""
