"""The law as dated data: metrics of an enterprise at a date, conditions over them, the verdict.

Owns the rule language, its loader, and the evaluation with its trace. Holds no threshold of any
law: those are YAML files of the services. Every number is an integer or a fraction, never a float.
"""
