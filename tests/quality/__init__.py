"""How well the golden set is read, and the floors below which that must not fall (docs/quality.md)."""
