#!/bin/sh
# llama.cpp, with which spec/finetune compares our GGUF files: node-llama-cpp with one prebuilt binary for the CPU, in
# .cache/llama. It is no dependency of the package's: with the binaries for GPUs that npm would add it is some hundred
# megabytes. Where it cannot be installed those tests are skipped, and say so.
set -eu
cd "$(dirname "$0")/.."
version=3.21.1
folder="${ANCHORGRAD_LLAMA:-.cache/llama}"
case "$(uname -sm)" in
  "Linux x86_64") binary=linux-x64 ;;
  "Linux aarch64") binary=linux-arm64 ;;
  "Darwin arm64") binary=mac-arm64-metal ;;
  "Darwin x86_64") binary=mac-x64 ;;
  *)
    echo "llama.cpp: no prebuilt binary for $(uname -sm); its tests are skipped" >&2
    exit 0
    ;;
esac
if grep -qs "\"version\": \"$version\"" "$folder/node_modules/node-llama-cpp/package.json" &&
  [ -d "$folder/node_modules/@node-llama-cpp/$binary" ]; then
  echo "llama.cpp: $folder"
  exit 0
fi
npm install --prefix "$folder" --no-save --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error \
  "node-llama-cpp@$version" "@node-llama-cpp/$binary@$version" ||
  echo "llama.cpp: not installed; its tests are skipped" >&2
