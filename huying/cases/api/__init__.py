"""The loop over HTTP: what the desk reads and does, through the same filters, forms and actions."""

from huying.cases.api.looking_back import router as looking_back
from huying.cases.api.reading import router as reading
from huying.cases.api.records import router as records
from huying.cases.api.verbs import router as verbs
from huying.cases.api.writing import router as writing

# Before what is read by number: `export.xlsx` is none.
ROUTERS = (records, reading, writing, looking_back, verbs)
