"""Proof: the record of one verification, and how it is made."""
