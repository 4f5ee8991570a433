#!/bin/sh
# Every number we claim, measured now, as one table: what, Lorikeet, its peer in the same run, unit.
# TRACES=FOLDER adds the replay of editing traces.
set -eu
cd "$(dirname "$0")/.."
tools/need modules:test modules:bench
{
    printf 'what\tLorikeet\tpeer\tunit\n'
    build/bench/keystroke_bench
    build/bench/latency_bench
    node bench/trace_bench.mjs
    tools/isolated node bench/dom_bench.mjs
} | awk -F '\t' '{ printf "%-72s %12s %12s  %s\n", $1, $2, $3, $4; fflush() }'
