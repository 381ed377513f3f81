#!/bin/sh
# The group chat: one member writes, 900 read. Lines delivered per second beside a bare fan-out loop
# in C and a Python peer, by turns, medians of five; then the server's memory with 100 who never read.
# Lines of 64 bytes: one at a time (all have it before the next), and 64 of them in one send().
cd "$(dirname "$0")/../.." || exit 1
load=build/test/bench/p4_tcp_chat_load
readers=900 runs=${RUNS:-5}
folder=$(mktemp -d) && trap 'rm -rf "$folder"; [ -z "$server" ] || kill "$server" 2>/dev/null' EXIT INT TERM
ulimit -n 4096 2>/dev/null
port=15000 server=

begin() {
    port=$((port + 1))
    CHAT_PASSWORD=secreto "$@" "$port" >"$folder/out" 2>&1 &
    server=$!
    for _ in $(seq 50); do
        nc -z 127.0.0.1 "$port" 2>/dev/null && return
        sleep 0.1
    done
}
finish() {
    kill "$server"
    wait "$server" 2>/dev/null
    server=
}
one() { # name pattern bytes rounds command…
    name=$1 pattern=$2 bytes=$3 rounds=$4
    shift 4
    begin "$@"
    "$load" "$port" "$readers" 0 "$bytes" "$rounds" "$pattern" >>"$folder/$name.$bytes" || echo "$name failed" >&2
    finish
}
median() { sort -n "$1" | sed -n "$(((runs + 1) / 2))p"; }

for run in $(seq "$runs"); do
    for bytes in 64 4096; do
        [ "$bytes" = 64 ] && rounds=300 || rounds=60
        one ours chat "$bytes" "$rounds" build/p4_tcp_echo/servidor_chat
        one bare bare "$bytes" "$rounds" build/test/bench/p4_tcp_chat_bare
        one python chat "$bytes" "$rounds" python3 test/peers/chat.py servidor
    done
done
echo "chat: one writes, $readers read; lines delivered per second (median of $runs)"
printf '%-26s %14s %14s %14s %10s %12s\n' "lines of 64 bytes" servidor_chat "bare C loop" "Python peer" "of bare" "of Python"
ratio() { # the median of the ratios of the runs, each beside its neighbour in time
    paste "$folder/ours.$bytes" "$folder/$1.$bytes" | awk '{ print $1 / $2 }' >"$folder/ratio"
    median "$folder/ratio"
}
for bytes in 64 4096; do
    [ "$bytes" = 64 ] && what="one at a time" || what="64 together"
    printf '%-26s %14s %14s %14s %10.2f %12.2f\n' "$what" "$(median "$folder/ours.$bytes")" \
        "$(median "$folder/bare.$bytes")" "$(median "$folder/python.$bytes")" "$(ratio bare)" "$(ratio python)"
done

begin build/p4_tcp_echo/servidor_chat
memory() { awk -v which="$1" '$1 == which ":" { print $2 }' "/proc/$server/status"; }
before=$(memory VmRSS)
"$load" "$port" 10 100 4096 2000 chat >/dev/null || echo "the members who read did not get all" >&2
echo "memory with 100 members who never read, while 8 MiB went to each:" \
    "$before KiB at the start, $(memory VmHWM) KiB at its highest"
finish
