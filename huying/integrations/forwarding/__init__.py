"""Our cases on other cities' and companies' Open311 servers: sent there once, followed until they end there."""
