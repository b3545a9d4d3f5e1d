"""Signed diplomas: Open Badges 3.0 and W3C Verifiable Credentials, verified and made. No Django, no trust list in here.

`verifier.verify` is the door. What is fetched goes through a `Fetch` that the caller passes in; contexts never are.
"""
