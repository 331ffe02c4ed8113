"""Fields that a pack declares, for ledgers, registers and what is asked on the spot: read, asked, kept, shown."""
