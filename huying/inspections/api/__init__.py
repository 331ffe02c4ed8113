"""Inspections over HTTP: standards, plans, what is due, draws, rounds."""

from huying.inspections.api.duties import router as duties
from huying.inspections.api.plans import router as plans
from huying.inspections.api.rounds import router as rounds

ROUTERS = (plans, duties, rounds)
