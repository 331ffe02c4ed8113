"""What is said to people outside the pages: channels, templates, quiet hours, delivery; and news."""
