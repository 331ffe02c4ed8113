"""Messages of netizens: by spreadsheet, by e-mail, by form."""
