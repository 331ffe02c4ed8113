"""Tables of things: read, looked at with every mistake, taken in as a whole.

table   the columns that a register's table may have, and what one cell says
plan    what each row would do to what is there now
apply   everything that is right, in one transaction
"""
