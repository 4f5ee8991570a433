#!/bin/sh
# installed.sh: what `./dev install` puts into a prefix, used from there as others would use it.
# Each example says behind "prints:" in its opening comment what it prints.
#
#     PREFIX ─┬─ pkg-config ─┬─ shared ─┐
#             └─ CMake ──────┴─ static ─┴─► every example, compiled, run, compared
set -u
cd "$(dirname "$0")/../.." || exit 2

scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/prefix
./dev install "$prefix" >"$scratch/log" 2>&1 || {
    cat "$scratch/log"
    echo "0 passed, 1 failed"
    exit 1
}
library=$(find "$prefix" -name liblorikeet.so)
folder=$(dirname "$library")
export PKG_CONFIG_PATH="$folder/pkgconfig"

passed=0 failed=0
# property NAME COMMAND...: holds if the command prints nothing and succeeds.
property() {
    name=$1
    shift
    said=$("$@" 2>&1) && [ -z "$said" ] && {
        passed=$((passed + 1))
        return
    }
    failed=$((failed + 1))
    printf 'failed: %s\n%s\n' "$name" "$said"
}

# ---- the library ----

exported() { nm -D --defined-only "$library" | awk '{ print $3 }' | sort -u; }
# The functions that the headers declare; comments may name others.
declared() {
    cc -E -P "$prefix/include/lorikeet_room.h" | grep -oE '\blk_[a-z0-9_]+\(' | tr -d '(' | sort -u
}
exports_what_is_declared() {
    exported >"$scratch/exported" && declared >"$scratch/declared"
    [ -s "$scratch/declared" ] || echo "no function is declared"
    diff "$scratch/declared" "$scratch/exported"
}
exports_nothing_else() { exported | grep -v '^lk_'; true; }
# Static libraries have no hidden names: what is not local meets those of the program.
defines_only() { # ARCHIVE NAMES
    nm -g --defined-only "$folder/$1" | awk 'NF == 3 { print $3 }' >"$scratch/defined"
    [ -s "$scratch/defined" ] || echo "$1 defines nothing"
    grep -v "^$2" "$scratch/defined"
    true
}
# Engine and peer in one program, each shared or static.
both_link() { # LORIKEET RTC
    echo '#include <lorikeet_rtc_loop.h>
        int main(void) {
            lk_free(lk_new(1, NULL));
            lk_rtc_loop_free(lk_rtc_loop_new(NULL));
        }' >"$scratch/both.c"
    cc "$scratch/both.c" $(pkg-config --cflags lorikeet) -L"$folder" "-l:$1" "-l:$2" \
        $(pkg-config --libs liblz4 openssl usrsctp) -Wl,-rpath,"$folder" -o "$scratch/both" &&
        "$scratch/both"
}
rtc_exports() { nm -D --defined-only "$folder/liblorikeet_rtc.so" | awk '{ print $3 }' | sort -u; }
rtc_exports_what_is_declared() {
    { cc -E -P "$prefix/include/lorikeet_rtc_loop.h" | grep -oE '\blk_rtc_[a-z0-9_]+\(' |
        tr -d '('
        printf 'lk_buf_free\nlk_status_text\n'; } | sort -u >"$scratch/declared"
    rtc_exports >"$scratch/exported"
    diff "$scratch/declared" "$scratch/exported"
}
rtc_is_versioned() {
    readelf -d "$folder/liblorikeet_rtc.so" | grep -q 'SONAME.*\[liblorikeet_rtc\.so\.0\]' ||
        readelf -d "$folder/liblorikeet_rtc.so"
    [ -L "$folder/liblorikeet_rtc.so.0" ] || ls -l "$folder"
}
rtc_needs_little() {
    readelf -d "$folder/liblorikeet_rtc.so" | grep NEEDED |
        grep -v -E '\[(libssl|libcrypto|libusrsctp|libc)\.so\.'
    true
}
is_versioned() {
    readelf -d "$library" | grep -q 'SONAME.*\[liblorikeet\.so\.0\]' || readelf -d "$library"
    [ -L "$folder/liblorikeet.so.0" ] || ls -l "$folder"
}
needs_little() { readelf -d "$library" | grep NEEDED | grep -v -E '\[(liblz4|libc)\.so\.'; true; }

# ---- the examples ----

examples=$(cd examples && ls -- *.c *.cpp | sed 's/\.[a-z]*$//')
compiler() {
    case $1 in
    *.c) echo "cc -std=c11" ;;
    *) echo "c++ -std=c++11" ;;
    esac
}
# with_pkg_config SOURCE PROGRAM LINK
with_pkg_config() {
    if grep -q lorikeet_rtc "$1"; then
        flags="$(pkg-config --cflags --libs lorikeet_rtc) -Wl,-rpath,$folder"
        # OpenSSL and usrsctp stay shared
        [ "$3" = shared ] || flags=$(pkg-config --static --cflags --libs lorikeet_rtc |
            sed 's/-llorikeet_rtc/-l:liblorikeet_rtc.a/')
    elif [ "$3" = static ]; then
        flags="$(pkg-config --cflags --static --libs lorikeet) -static"
    else
        flags="$(pkg-config --cflags --libs lorikeet) -Wl,-rpath,$folder"
    fi
    $(compiler "$1") -Wall -Wextra -Wpedantic -Werror "$1" -o "$2" $flags
}
with_cmake() { # LINK
    built=$scratch/cmake-$1
    { cmake -G Ninja -S examples -B "$built" -DCMAKE_PREFIX_PATH="$prefix" -DLINK="$1" &&
        cmake --build "$built"; } >"$scratch/log" 2>&1 || cat "$scratch/log"
}
# Wants the shared library at run time if LINK says so, and only then.
links() { # PROGRAM LINK
    if readelf -d "$1" 2>&1 | grep -q 'NEEDED.*liblorikeet'; then how=shared; else how=static; fi
    [ "$how" = "$2" ] || echo "linked: $how"
}
prints() { # SOURCE PROGRAM
    sed -n '/prints:$/,/\*\/$\|^#/{s/^\( \*\|\/\/\)     //; T; s| \*/$||; p}' "$1" >"$scratch/want"
    [ -s "$scratch/want" ] || echo "$1 does not say what it prints"
    rm -f "$scratch/kept"
    "$2" "$scratch/kept" >"$scratch/got" 2>&1 || echo "ended with status $?"
    diff "$scratch/want" "$scratch/got"
}
fits_a_screen() { awk 'END { if (NR >= 80) print FILENAME ": " NR " lines" }' "$1"; }

property "the shared library exports all that is declared" exports_what_is_declared
property "the shared library exports nothing but lk_*" exports_nothing_else
property "the shared library has its soname" is_versioned
property "the shared library needs LZ4 and C" needs_little
property "the static library defines nothing else" defines_only liblorikeet.a lk_
property "the static DataChannel peer defines nothing else" \
    defines_only liblorikeet_rtc.a '\(lk_rtc_\|lk_buf_free$\|lk_status_text$\)'
property "the shared DataChannel peer exports what is declared" rtc_exports_what_is_declared
property "the shared DataChannel peer has its soname" rtc_is_versioned
property "the shared DataChannel peer needs OpenSSL, usrsctp and C" rtc_needs_little
for engine in liblorikeet.so liblorikeet.a; do
    for peer in liblorikeet_rtc.so liblorikeet_rtc.a; do
        property "$engine and $peer in one program" both_link "$engine" "$peer"
    done
done
property "the program runs" sh -c "'$prefix/bin/lorikeet' --version >/dev/null"
for link in shared static; do
    property "CMake, $link" with_cmake "$link"
    for example in $examples; do
        source=$(ls examples/"$example".c*)
        program=$scratch/$example-$link
        property "$example, pkg-config, $link" with_pkg_config "$source" "$program" "$link"
        for built in "$program" "$scratch/cmake-$link/$example"; do
            property "${built#"$scratch"/} is $link" links "$built" "$link"
            property "${built#"$scratch"/} prints what it says" prints "$source" "$built"
        done
    done
done
for example in $examples; do
    property "$example is short" fits_a_screen "$(ls examples/"$example".c*)"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
