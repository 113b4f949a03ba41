"""Deploy: how Terrace is started, on one laptop or on a cluster.

Owns no domain code and imports no service: services are started as processes, by name.
"""
