"""Ask the clouds read-only questions over HTTP, one module a service.

A preview imports nothing of this package at its start: urllib costs more than the rest of its checks.
"""
