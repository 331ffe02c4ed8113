"""Tags of the pages about cases."""
