#!/bin/sh
# Installs unlearnkit from a wheel into a new environment, at exact versions: install.sh FOLDER WHEEL REQUIREMENTS [EXTRA]
# The container recipe runs it, and so does a test.
set -eu
folder=$1 wheel=$2 versions=$3 extra=${4:+[$4]}
python3 -m venv "$folder"
"$folder/bin/python" -m pip install --quiet uv
"$folder/bin/uv" pip install --quiet --python "$folder/bin/python" --constraint "$versions" "unlearnkit$extra @ file://$wheel"
"$folder/bin/unlearnkit" ls models > /dev/null
