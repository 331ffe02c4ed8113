"""The loop over HTTP: what the desk reads and does, through the same filters, forms and actions."""

from huying.cases.api.reading import router as reading
from huying.cases.api.verbs import router as verbs
from huying.cases.api.writing import router as writing

ROUTERS = (reading, writing, verbs)
