"""Telephone numbers as people in China write them."""

import re

# A mobile number, or a landline with its area code and perhaps an extension.
PHONE = re.compile(r"^(\+?86[- ]?)?(1[3-9]\d{9}|0\d{2,3}-?\d{7,8}(-\d{1,5})?)$")
