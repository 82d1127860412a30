#!/bin/sh
# Brings the servers that `make bench` measures beside Homeport (bench/peers.py starts them) into a directory of their
# own, apart from Homeport's environment. Needs Python 3.11 or newer, and npm for those that npm has.
# Usage: install_peers.sh DIRECTORY
set -eu

place=$1
python_peers="ministack==1.5.33 moto[server]==5.2.5"
node_peers="dynalite@4.0.0"

sh "$(dirname "$0")/make_venv.sh" "$place/venv"
echo "Installing $python_peers into $place/venv ..." >&2
# shellcheck disable=SC2086 # a list of packages
PIP_DISABLE_PIP_VERSION_CHECK=1 "$place/venv/bin/python" -m pip install --quiet $python_peers

if ! command -v npm >/dev/null; then
    echo "npm is missing, so $node_peers is not installed: the runs go without it." >&2
    echo "  hint: Debian, Ubuntu: sudo apt install nodejs npm" >&2
    exit 0
fi
echo "Installing $node_peers into $place/node_modules ..." >&2
# Without a package.json of its own npm would look for one further up.
echo '{"private": true}' >"$place/package.json"
# The packages bring what they need ready-made; nothing of theirs runs while they are installed.
# shellcheck disable=SC2086 # a list of packages
npm install --prefix "$place" --silent --no-audit --no-fund --no-package-lock --ignore-scripts $node_peers
