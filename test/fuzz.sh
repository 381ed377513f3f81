#!/bin/sh
# test/fuzz.sh SECONDS TARGET…: runs each target that long, from its seeds in test/fuzz/<name>/;
# stops at the first finding, which is left as build/test/fuzz/<name>-crash-…
seconds=$1
shift
for target; do
    name=$(basename "$target")
    mkdir -p "build/test/fuzz/corpus/$name"
    echo "== $name, $seconds s"
    set -- "build/test/fuzz/corpus/$name"
    [ -d "test/fuzz/$name" ] && set -- "$@" "test/fuzz/$name"
    "$target" -max_total_time="$seconds" -artifact_prefix="build/test/fuzz/$name-" -print_final_stats=1 "$@" \
        >"build/test/fuzz/$name.log" 2>&1 || { tail -n 40 "build/test/fuzz/$name.log"; exit 1; }
    grep -E 'number_of_executed_units|DONE' "build/test/fuzz/$name.log"
done
