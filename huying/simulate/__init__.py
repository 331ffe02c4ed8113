"""A district at work, played over HTTP: residents, hotline agents, grid workers, dispatchers, departments, checkers.

Nothing here looks into the database or imports a floor of the product: it knows a site only as its clients do,
through pages and the API. What arrives and how it will go is drawn from a seed before the start (`plan`); each
arrival then lives its `life`; `meter` keeps what every request took; `promises` compares in the end what each was
promised with what happened.
"""
