"""The sample region: 1,000 made-up enterprises of Guangzhou, and the demo that runs on them.

Owns the generator, the loader, the sample bank and the accounting of the demo. Every enterprise
carries labels that the generator knows by construction; nothing here reads the platform's rules,
its databases or its outboxes to learn what ought to come out. Refuses real data: every name says
示例 and every organisation code is of a series that no office issues.
"""
