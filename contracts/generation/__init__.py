"""Makes `contracts/generated` from the declared facts and the services' HTTP descriptions.

A tool for developers: nothing here runs in a service. Facts come from `contracts.events`; a
service is asked in a process of its own, since imports never go from contracts to services.
"""
