"""Homeport: a private container registry and a local AWS cloud for homelabs."""

VERSION = "0.1.0"
