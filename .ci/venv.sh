# Read by ./run and ./test, from the root: brings .venv up to the locked requirements.
# POSIX sh. `prepare_venv LOCK WANTED…`: LOCK is installed unless .venv/locked names all of WANTED.

pick_python() {
    for candidate in "${PYTHON:-}" python3.11 python3 /usr/bin/python3 python3.12 python3.13 python3.14; do
        # A version manager's shim may be there for a version that is not: try it.
        if [ -n "$candidate" ] && "$candidate" -c \
            'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' \
            2>/dev/null; then
            echo "$candidate"
            return 0
        fi
    done
    echo "Python 3.11 or later with venv is needed: on Debian, apt-get install -y python3-venv." >&2
    return 1
}

sums() {
    .venv/bin/python -c 'import hashlib, sys
for name in sys.argv[1:]:
    print(hashlib.sha256(open(name, "rb").read()).hexdigest(), name)' "$@"
}

is_installed() { # the locks
    .venv/bin/python -c '' 2>/dev/null && [ -f .venv/locked ] || return 1
    sums "$@" | while read -r line; do grep -qxF "$line" .venv/locked || exit 1; done
}

install_lock() { # the lock
    if .venv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9 &&
        .venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes "$1"; then
        return 0
    fi
    echo "uv could not install the packages; trying pip." >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$1"
}

prepare_venv() { # the lock, then all files that it covers
    lock=$1
    is_installed "$@" && return 0
    if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
        echo "Making the virtual environment in .venv" >&2
        python=$(pick_python) || return 1
        "$python" -m venv --clear .venv || return 1
    fi
    echo "Installing the packages of $lock" >&2
    rm -f .venv/locked
    if ! install_lock "$lock"; then
        echo "The packages of $lock could not be installed: see above." >&2
        return 1
    fi
    sums "$@" >.venv/locked
}
