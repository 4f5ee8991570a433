#!/bin/sh
# counts.sh          how many instructions and requests for memory the hot paths take
#                    (counts_bench.c), beside what counts.txt keeps. Fails where one grew by more
#                    than 3 %. Ends with "N passed, N failed"
# counts.sh --keep   write them down in counts.txt: with a commit that says why they changed
#
# Instructions depend on the compiler, so those of another one are not compared; requests are.
set -eu
cd "$(dirname "$0")/.."
bench=build/bench/counts_bench
kept=bench/counts.txt
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT

instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect='counted*' \
        "$bench" "$1" 2>&1 >/dev/null | sed -n 's/^==.*Collected : \([0-9]*\).*/\1/p'
}

printf '# %s, %s\n' "$(cc --version | head -n 1)" "$(uname -m)" >"$fresh"
echo '# work, instructions, requests for memory' >>"$fresh"
for work in $("$bench"); do
    requests=$("$bench" "$work")
    counted=$(instructions "$work")
    echo "$work $counted $requests" >>"$fresh"
done
if [ "${1:-}" = --keep ]; then
    cp "$fresh" "$kept"
    exit
fi
[ "$(head -n 1 "$kept")" = "$(head -n 1 "$fresh")" ] && same=1 || same=0
[ $same = 1 ] || echo "skipped: instructions, $kept has those of another compiler"
awk -v same=$same '
    /^#/ { next }
    NR == FNR { instructions[$1] = $2; requests[$1] = $3; next }
    { what = sprintf("%-30s %12d instructions %8d requests", $1, $2, $3)
      grew = ""
      if (!($1 in requests)) grew = grew " not kept yet"
      else if ($3 > requests[$1] * 1.03) grew = grew sprintf(" requests were %d", requests[$1])
      if (same && ($1 in requests) && $2 > instructions[$1] * 1.03)
          grew = grew sprintf(" instructions were %d", instructions[$1])
      if (same && $2 == "") grew = grew " not counted"
      print (grew == "" ? "ok " : "failed: ") what grew
      if (grew == "") passed++; else failed++ }
    END { print passed + 0 " passed, " failed + 0 " failed"; exit failed > 0 }' "$kept" "$fresh"
