"""The city's door, and the pages for those who look after the exchange."""
