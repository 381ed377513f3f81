#!/bin/sh
# What an id costs. The table: bytes of resident memory for a client that has paused a file (the report
# reckons 60), nanoseconds of processor for a lookup, from ten thousand clients to ten million. The whole
# server: ids it gives a second, and requests a second that have to find theirs (median of five).
set -eu
[ "${1:-}" = inside ] || {
    if unshare -Urn true 2>/dev/null; then exec unshare -Urn "$0" inside; else exec "$0" inside; fi
}
ip link set lo up 2>/dev/null || true
top=$(cd "$(dirname "$0")/../.." && pwd)
bench=$top/build/test/bench/control1_ids
dir=$(mktemp -d)
cd "$dir"
pid=
trap '[ -z "$pid" ] || kill $pid 2>/dev/null; wait; rm -rf "$dir"' EXIT
echo contenido >1k
resident() { awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$pid/status"; }

printf '%10s %16s %14s\n' clients 'bytes a client' 'ns a lookup'
for n in 10000 100000 1000000 10000000; do
    "$bench" table $n | tee -a table | awk '{ printf "%10d %16.1f %14.1f\n", $1, $2, $3 }'
done
awk 'NR == 1 { a = $3 } END { printf "a lookup among ten million takes %.2f times as long as among ten thousand\n\n", $3 / a }' table

printf '%10s %16s %14s %14s\n' ids 'bytes an id' 'ids/s' 'requests/s'
for n in 10000 10000000; do
    "$top/build/control1_resume_http/servidor_movil" >out &
    pid=$!
    until [ -f out ] && port=$(sed -n 's/^Servidor funcionando en .*:\([0-9]*\)$/\1/p' out) && [ -n "$port" ]; do sleep 0.05; done
    before=$(resident)
    "$bench" server "$port" $n >line
    awk -v grown=$(($(resident) - before)) '{ printf "%10d %16.1f %14d %14d\n", $1, grown / $1, $2, $3 }' line | tee -a server
    kill $pid
    wait $pid 2>/dev/null || true
    pid=
done
awk 'NR == 1 { a = $4 } END { printf "with ten million ids it answers %.2f times as many requests as with ten thousand\n", $4 / a }' server
