#!/bin/sh
# Build the package into dist/: the engine as WebAssembly, the binding in four entries, its types.
set -eu
cd "$(dirname "$0")"

[ node_modules/.package-lock.json -nt package-lock.json ] ||
    npm ci --no-audit --no-fund --loglevel=error

mkdir -p dist
rm -rf dist/types
../../tools/wasm ../../build dist
node_modules/.bin/tsc -p .
node bundle.mjs
{
    cat ../../LICENSE
    for library in @noble/ed25519 @noble/hashes; do
        printf '\n\nroom.js and room.cjs contain %s:\n\n' $library
        cat node_modules/$library/LICENSE
    done
    echo
} >LICENSE
