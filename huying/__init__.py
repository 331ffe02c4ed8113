"""Huying (呼应): whoever calls is answered. The running of a district's everyday promises."""

__version__ = "0.1.0"
