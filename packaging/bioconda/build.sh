#!/usr/bin/env bash
# Builds the wheel, which holds the command too, and the licences of what is compiled in.
set -euxo pipefail
cargo-bundle-licenses --format yaml --output THIRDPARTY.yml
"$PYTHON" -m pip install . -vv --no-deps --no-build-isolation
