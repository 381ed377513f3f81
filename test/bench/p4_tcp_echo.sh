#!/bin/sh
# servidor_eco_tcp_v2 with 1, 100 and 900 connections, each with one 64-byte message in flight, beside
# a bare select() loop in C that prints the same lines, and a Python peer: by turns, medians of five.
# Then the setup of 900 connections with the listing's backlog of 10, and with SOMAXCONN.
cd "$(dirname "$0")/../.." || exit 1
load=build/test/bench/p4_tcp_echo_load
runs=${RUNS:-5} seconds=${SECONDS_EACH:-1}
folder=$(mktemp -d) && trap 'rm -rf "$folder"; [ -z "$server" ] || kill "$server" 2>/dev/null' EXIT INT TERM
ulimit -n 4096 2>/dev/null
port=15000 server=

begin() { # backlog command…
    port=$((port + 1)) backlog=$1
    shift
    "$@" "$port" "$backlog" >"$folder/out" 2>&1 &
    server=$!
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        grep -q listening "$folder/out" && return
        sleep 0.1
    done
}
finish() {
    kill "$server"
    wait "$server" 2>/dev/null
    server=
}
command_of() {
    case $1 in
    ours) echo build/p4_tcp_echo/servidor_eco_tcp_v2 ;;
    bare) echo build/test/bench/p4_tcp_echo_bare ;;
    python) echo python3 test/peers/tcp_eco_v2.py ;;
    esac
}
median() { sort -n "$1" | sed -n "$((($(wc -l <"$1") + 1) / 2))p"; }

somaxconn=$(cat /proc/sys/net/core/somaxconn 2>/dev/null || echo 4096)
for run in $(seq "$runs"); do
    for connections in 1 100 900; do
        for name in ours bare python; do
            # shellcheck disable=SC2046
            begin "$somaxconn" $(command_of "$name")
            "$load" "$port" "$connections" "$seconds" >"$folder/result" || echo "$name failed" >&2
            cut -d ' ' -f 1 "$folder/result" >>"$folder/setup.$name.$connections"
            cut -d ' ' -f 2 "$folder/result" >>"$folder/rate.$name.$connections"
            finish
        done
    done
done
echo "echo over TCP, one 64-byte message in flight per connection; messages per second (median of $runs)"
printf '%-12s %20s %14s %14s %9s %10s\n' connections servidor_eco_tcp_v2 "bare C loop" "Python peer" "of bare" "of Python"
ratio() { # the median of the ratios of the runs, each beside its neighbour in time
    paste "$folder/rate.ours.$connections" "$folder/rate.$1.$connections" | awk '{ print $1 / $2 }' >"$folder/ratio"
    median "$folder/ratio"
}
for connections in 1 100 900; do
    printf '%-12s %20d %14d %14d %9.2f %10.2f\n' "$connections" "$(median "$folder/rate.ours.$connections")" \
        "$(median "$folder/rate.bare.$connections")" "$(median "$folder/rate.python.$connections")" \
        "$(ratio bare)" "$(ratio python)"
done

echo "setup of 900 connections at the same time, until each has had its first echo; seconds"
printf '%-24s %20s %14s %14s\n' "" servidor_eco_tcp_v2 "bare C loop" "Python peer"
printf '%-24s %20s %14s %14s\n' "backlog SOMAXCONN" "$(median "$folder/setup.ours.900")" \
    "$(median "$folder/setup.bare.900")" "$(median "$folder/setup.python.900")"
# Once each and all three at the same time: they wait, they do not work.
for name in ours bare python; do
    # shellcheck disable=SC2046
    begin 10 $(command_of "$name")
    servers="$servers $server" server=
    "$load" "$port" 900 0 >"$folder/slow.$name" &
    loads="$loads $!"
done
for pid in $loads; do wait "$pid"; done
for pid in $servers; do kill "$pid"; done
printf '%-24s %20s %14s %14s\n' "backlog 10 (listing)" "$(cut -d . -f 1 "$folder/slow.ours")" \
    "$(cut -d . -f 1 "$folder/slow.bare")" "$(cut -d . -f 1 "$folder/slow.python")"
echo "With a backlog of 10 the system drops the SYNs that find the queue full. Every client tries again at"
echo "the same moment, and then ever more rarely: the queue is full again at once, in any language."
