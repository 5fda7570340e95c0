#!/usr/bin/env bash
# Generates src/wazir/v1 from the contract, in a virtual environment of its own.
#
# The pins are old on purpose: code from this protoc asks for no newer runtime than
# itself, and runs on protobuf 4.21 and later; code from grpcio-tools 1.63 and later
# refuses every grpcio that is older than the generator. They need Python 3.8 to 3.12
# (PYTHON chooses one).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

pins=(grpcio-tools==1.62.3 grpcio==1.62.3 protobuf==4.25.9 mypy-protobuf==3.6.0 setuptools==75.3.4)
venv=.venv-generate
if [[ "$(cat "$venv/pins" 2>/dev/null)" != "${pins[*]}" ]]; then
  rm -rf "$venv"
  "${PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/pip" install --quiet "${pins[@]}"
  echo "${pins[*]}" > "$venv/pins"
fi

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
PATH="$PWD/$venv/bin:$PATH" "$venv/bin/python" -m grpc_tools.protoc --proto_path=../../proto \
  --python_out="$out" --grpc_python_out="$out" --mypy_out=quiet:"$out" --mypy_grpc_out=quiet:"$out" \
  ../../proto/wazir/v1/*.proto
rm -f src/wazir/v1/*_pb2*
cp "$out"/wazir/v1/* src/wazir/v1/
