"""What places tell the floors above."""

from django.dispatch import Signal

# The work calendar changed: a year was published, or local days or office hours changed. Sent with `first_day` (a
# date: deadlines from it on may move), inside the transaction of the change, so that a receiver defers its work in
# that same transaction and nothing is recomputed for a change that was rolled back.
calendar_published = Signal()
