#!/bin/sh
# Pins all dependencies with hashes. Run it under Python 3.11: the oldest supported one needs the most packages.
# Usage: lock.sh VENV
set -eu

venv=$1

"$venv/bin/python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
    echo "make lock needs a virtual environment of Python 3.11: make clean, then make lock PYTHON=python3.11" >&2
    exit 1
}
"$venv/bin/python" -m pip install --quiet pip-tools

pin() {
    output=$1
    shift
    # No host, no index and no path of the machine that ran it gets into the file.
    "$venv/bin/pip-compile" --quiet --upgrade --strip-extras --allow-unsafe --generate-hashes --build-deps-for editable \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
        --output-file "$output" "$@" pyproject.toml
    { echo "# Made by \`make lock\` from pyproject.toml; do not edit."; cat "$output"; } >"$output.new"
    mv "$output.new" "$output"
}

pin requirements/run.txt
pin requirements/dev.txt --extra test --extra check --constraint requirements/run.txt
