"""The matcher (人才匹配): hard constraints first, then a score of named parts, each explained.

Pure but for `following`: `taxonomy` and `recognise` read text, `features` is what is compared,
`scoring` the one formula, `index` runs it over everybody, `explain` says why.
"""
