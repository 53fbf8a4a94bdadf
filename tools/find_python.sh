#!/bin/sh
# Prints the interpreter to use: the one given, or the best that is installed. 3.12 and 3.11 come before 3.13 because
# the packaged Redis that `make test` falls back to exists for these two.
set -eu

supported='import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

for candidate in ${1:-python3.12 python3.11 python3.13 python3 python}; do
    if command -v "$candidate" >/dev/null 2>&1 && "$candidate" -c "$supported" >/dev/null 2>&1; then
        command -v "$candidate"
        exit 0
    fi
done

if [ $# -gt 0 ]; then
    echo "$1 is not a Python 3.11, 3.12 or 3.13 with its venv module." >&2
else
    echo "TailTribe needs Python 3.11, 3.12 or 3.13 with its venv module, and found none." >&2
    echo "Install one (on Debian and Ubuntu: python3 and python3-venv), or name it: PYTHON=/path/to/python make setup" >&2
fi
exit 1
