#!/bin/sh
# Every number we claim, measured now, beside its peers: the engine under Node (measure.mjs, which
# takes TRACES=FOLDER, PASSES=N and WORK=NAME), then native keys and the page.
set -eu
cd "$(dirname "$0")/.."
tools/need modules:test modules:bench
node bench/measure.mjs
{
    printf 'what\tLorikeet\tpeer\tunit\n'
    build/bench/keystroke_bench
    build/bench/latency_bench
    tools/isolated node bench/dom_bench.mjs
} | awk -F '\t' '{ printf "%-72s %12s %12s  %s\n", $1, $2, $3, $4; fflush() }'
