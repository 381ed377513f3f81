#!/bin/bash
# servidor_eco_v1, its output in a file, beside a bare C loop that does the same work (the floor), the
# loop without the printing, and the Python 3 peer; 1 and 32 datagrams in flight. Echoes a second, and
# ours as a ratio: the median of five rounds, each of which measures all four one after another.
set -eu
cd "$(dirname "$0")/../.."
[ "${1:-}" = inside ] || ! unshare -Urn true 2>/dev/null || exec unshare -Urn "$0" inside
[ "${1:-}" = inside ] && ip link set lo up

folder=$(mktemp -d)
pids=
stop() { [ -z "$pids" ] || { kill $pids; wait $pids 2>/dev/null || true; }; pids=; }
trap 'stop; rm -rf "$folder"' EXIT

for round in 1 2 3 4 5; do
    pids=
    build/p3_udp_echo/servidor_eco_v1 30001 >"$folder/ours" & pids="$pids $!"
    build/test/bench/p3_udp_floor 30002 >"$folder/floor" & pids="$pids $!"
    build/test/bench/p3_udp_floor 30003 quiet & pids="$pids $!"
    python3 test/peers/udp_eco.py servidor_v1 30004 >"$folder/python" & pids="$pids $!"
    for in_flight in 1 32; do
        line="$in_flight"
        for port in 30001 30002 30003 30004; do
            line="$line $(build/test/bench/p3_udp_load $port $in_flight 0.6)"
        done
        echo "$line" >>"$folder/rounds"
    done
    stop
done

echo "UDP echo, 32 bytes, output to a file: echoes a second, median of five rounds"
awk '
    function median(name, w,    i, j, n, v, t) {
        n = count[w]
        for (i = 1; i <= n; i++) v[i] = value[name, w, i]
        for (i = 2; i <= n; i++) for (j = i; j > 1 && v[j] < v[j-1]; j--) { t = v[j]; v[j] = v[j-1]; v[j-1] = t }
        return v[int((n + 1) / 2)]
    }
    { n = ++count[$1]
      for (i = 2; i <= 5; i++) value[i, $1, n] = $i
      for (i = 3; i <= 5; i++) value["ratio" i, $1, n] = $2 / $i }
    END {
        printf "%-34s %16s %16s\n", "", "1 in flight", "32 in flight"
        name[2] = "servidor_eco_v1"; name[3] = "bare C loop, same printf (floor)"
        name[4] = "bare C loop, no printing"; name[5] = "Python 3"
        for (i = 2; i <= 5; i++) printf "%-34s %16d %16d\n", name[i], median(i, 1), median(i, 32)
        for (i = 3; i <= 5; i++)
            printf "%-34s %16.2f %16.2f\n", "ours / " name[i], median("ratio" i, 1), median("ratio" i, 32)
    }' "$folder/rounds"
