"""Listing readiness (上市准备): how far an enterprise is on the NEEQ route to the Beijing exchange.

Says what is met, what is not and what cannot be judged. Advises no listing and files nothing.
"""
