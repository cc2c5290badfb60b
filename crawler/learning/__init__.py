"""Layouts learned from sample pages: trafilatura reads them slowly and roughly, many of them tell where things stand.

All of it computes: pages come in, a `Layout` comes out. Nothing here fetches, writes, or reads the clock.
"""
