"""What services say to each other and to the outside: facts, events, topics, generated files.

Imports nothing of Terrace. Holds no behaviour beyond validation: who publishes, who consumes
and how it travels is the bus (`shared.bus`).
"""
