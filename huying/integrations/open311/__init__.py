"""Open311 GeoReport v2: server, client, and updates of service requests."""
