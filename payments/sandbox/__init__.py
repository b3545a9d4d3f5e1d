"""A local stand-in for Stripe: the real SDK talks to it over HTTP, so demo, tests and production run the same lines.

It checks every request against the installed SDK's own parameter types, keeps its state in a file, moves its clock on
request, signs webhooks, and can be told to fail in the ways that networks do. What it does is modelled on Stripe's
documents, never on a live call; docs/money.md says what is belief.
"""
