"""The local stack: PostgreSQL, Kafka and every service on one machine, without containers.

Owns the state directory (`.terrace/`), the processes it started and nothing else. Refuses to
stop a process it cannot prove to be its own.
"""
