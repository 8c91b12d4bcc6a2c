#!/usr/bin/env bash
# Checks the Python package as a user gets it: a new virtual environment, `pip install .`, the tests, the
# doctests, the types, and the tutorial.
#
#   scripts/check_python.sh [PYTEST ARGUMENT ...]
#
# The environment is target/python/check, and the tutorial's pictures are in target/python/tutorial.
# PYTHON chooses the interpreter, and MORULA_PYTHON_PINS adds requirements, such as "anndata==0.8.0".
set -euo pipefail
cd "$(dirname "$0")/.."
work=${CARGO_TARGET_DIR:-target}/python
mkdir -p "$work"
work=$(cd "$work" && pwd)
python=$work/check/bin/python
seconds() { printf '%s s: %s\n' "$SECONDS" "$1"; }

rm -rf "$work/check"
"${PYTHON:-python3}" -m venv "$work/check"
read -ra pins <<<"${MORULA_PYTHON_PINS:-}"
# The build finds what the workspace has compiled: Burn is not compiled again.
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target} \
    "$python" -m pip install --quiet --disable-pip-version-check '.[test,docs]' "${pins[@]}"
seconds 'installed'

# Away from the checkout, so that nothing but the installed package is found.
cd "$work"
root=$OLDPWD
export MPLCONFIGDIR=$work/matplotlib NUMBA_CACHE_DIR=$work/numba PYTHONDONTWRITEBYTECODE=1
"$python" -m pytest -q -p no:cacheprovider -c "$root/pyproject.toml" --rootdir "$root" \
    "$root/python/tests" "$@"
seconds 'tested'
package=$("$python" -c 'import morula, pathlib; print(pathlib.Path(morula.__file__).parent)')
"$python" -m pytest -q -p no:cacheprovider -c "$root/pyproject.toml" --rootdir "$package" \
    --doctest-modules "$package" --ignore "$package/__main__.py"
seconds 'doctests passed'
"$python" -m mypy --config-file "$root/pyproject.toml" -p morula
"$python" -m mypy.stubtest --concise --ignore-missing-stub morula._morula
seconds 'types checked'
"$python" -m sphinx -q -W -b html "$root/docs/python_api" "$work/api"
seconds 'pages of the interface built'
"$python" "$root/examples/python/tutorial.py" "$work/tutorial" >"$work/tutorial.log"
for picture in umap markers types; do
    test -s "$work/tutorial/$picture.png"
done
test -s "$work/tutorial/report/report.html"
seconds 'tutorial run'
