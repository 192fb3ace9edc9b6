"""Fly.io by flyctl: apps, their secrets and deploy tokens as dynamic resources.

`resources` is what a program imports; its import path is written into every state and therefore frozen.
"""
