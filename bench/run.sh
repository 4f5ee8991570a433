#!/bin/sh
# Every number we claim, measured now, beside its peers: the engine under Node and natively
# (measure.mjs, which takes TRACES=FOLDER, PASSES=N and WORK=NAME), then keys over a network and the
# page. Leaves build/bench/results.json, and pictures of it beside it.
set -eu
cd "$(dirname "$0")/.."
tools/need modules:test modules:bench rust
# The crates are built here, with what the lock file pins; without them their rows are absent.
if cargo=$(tools/need --cargo); then
    $cargo build --quiet --release --locked -j 1 --manifest-path bench/peers/Cargo.toml \
        --target-dir build/bench/peers || echo "bench: bench/peers could not be built" >&2
fi
node bench/measure.mjs
node bench/plots.mjs
{
    printf 'what\tLorikeet\tpeer\tunit\n'
    build/bench/keystroke_bench
    build/bench/latency_bench
    tools/isolated node bench/dom_bench.mjs
} | awk -F '\t' '{ printf "%-72s %12s %12s  %s\n", $1, $2, $3, $4; fflush() }'
