"""Pages of programmes and targets: at the desk, and for residents without signing in."""
