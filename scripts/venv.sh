#!/bin/sh
# Makes .venv and installs a requirements file into it, but only when that file, or what it includes, has changed.
# Usage: scripts/venv.sh requirements.txt|requirements-dev.txt
set -eu
requirements=$1
venv=.venv

fail() {
    printf '\n%s\n' "$@" >&2
    exit 1
}

find_python() {
    for name in ${PYTHON:-python3 python3.11 python3.12 python3.13 python3.14}; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
}

check_python() {
    [ -n "$python" ] || fail "Python 3.11 or newer is needed and was not found." \
        "On Debian 12 or Ubuntu 24.04 and newer:  sudo apt install python3 python3-venv" \
        "Where it has another name:  make run PYTHON=/path/to/python3"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || fail "$python cannot make virtual environments." \
        "On Debian or Ubuntu:  sudo apt install $(basename "$python")-venv"
}

# OpenCV is linked against both; without them its import fails with a bare "cannot open shared object file".
check_libraries() {
    "$python" -c 'import ctypes; ctypes.CDLL("libGL.so.1"); ctypes.CDLL("libgthread-2.0.so.0")' 2>/dev/null ||
        fail "OpenCV needs the system's libGL and glib, and at least one of them is missing." \
            "On Debian or Ubuntu:  sudo apt install libgl1 libglib2.0-0"
}

make_venv() {
    echo "Making $venv with $("$python" --version) …"
    "$python" -m venv --clear "$venv"
}

# The stamp is written last: an installation that was interrupted is done again.
install() {
    echo "Installing $requirements (several gigabytes the first time: PyTorch carries its CUDA libraries) …"
    "$venv/bin/python" -m pip install --disable-pip-version-check --quiet --requirement "$requirements" ||
        fail "Installing $requirements failed; the lines above say why. Run the same command again when it is mended."
    echo "$wanted" >"$stamp"
}

usable() {
    "$venv/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

if usable; then
    python=$venv/bin/python
else
    python=$(find_python)
    check_python
fi
check_libraries
usable || make_venv
wanted=$(cat requirements.txt constraints.txt "$requirements" | sha256sum | cut -d ' ' -f 1)
stamp=$venv/.installed-$(basename "$requirements")
[ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] || install
