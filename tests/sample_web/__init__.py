"""A small web written for the project: five invented news sites in the markup of five real CMS families.

Everything on it is made up: people, events, figures. Only the shape of the pages (class names, addresses,
feeds, counters) follows what such sites are known to do. `python -m tests.sample_web --data DIR` serves it
as a forward proxy on loopback; tests and the demo use `harness.SampleWeb`.
"""
