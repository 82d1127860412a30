#!/bin/sh
# Installs pinned, hash-checked dependencies and this checkout into a virtual environment.
# Usage: install.sh VENV REQUIREMENTS
set -eu

venv=$1
requirements=$2

export PIP_DISABLE_PIP_VERSION_CHECK=1
echo "Installing $requirements into $venv ..." >&2
"$venv/bin/python" -m pip install --quiet --require-hashes -r "$requirements"
# The build tool is pinned with the rest, so the checkout itself is built without fetching anything.
"$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
