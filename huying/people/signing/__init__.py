"""Who is it, really: the organisation's identity provider (OpenID Connect) and second factors, by django-allauth.

allauth keeps the protocols; here stands what is ours: who may come in (`adapters`), which second factors are asked of
whom (`factors`), the forms' rules (`forms`), and the few of its pages that exist on this site (`urls`).
"""
