#!/bin/sh
# Makes the virtual environment: finds a Python that is new enough, and says what to install where there is none.
# Usage: make_venv.sh DIRECTORY
set -eu

venv=$1

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14; do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
}

python=$(find_python)
if [ -z "$python" ]; then
    echo "Homeport needs Python 3.11 or newer, and found none." >&2
    if [ "$(uname)" = Darwin ]; then
        echo "  hint: brew install python@3.13" >&2
    else
        echo "  hint: install python3.11 or newer with your system's packages, or name one: make PYTHON=/path/to/python3" >&2
    fi
    exit 1
fi

# Debian and Ubuntu keep what venv needs in a package of its own.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$("$python" -c 'import sys; print(f"python3.{sys.version_info.minor}-venv")')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing $package, which virtual environments need ..." >&2
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null
    else
        echo "This Python cannot make virtual environments: its venv module is packaged apart." >&2
        echo "  hint: sudo apt install $package" >&2
        exit 1
    fi
fi

echo "Making $venv with $("$python" --version) ..." >&2
"$python" -m venv --clear "$venv"
