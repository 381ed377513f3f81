#!/bin/sh
# The copy of large files: GIB (1) of random bytes over loopback, from memory to memory, beside the
# same job done by ncat and socat and the Python peer, by turns, medians of five; what iperf3 moves in the
# same time; the resident memory of both ends; and a file of 4 GiB and one byte, compared byte by byte.
cd "$(dirname "$0")/../.." || exit 1
test/need.sh ncat socat iperf3 || true # without them, their rows are left out
build=$PWD/build/p4_tcp_echo peer=$PWD/test/peers/copia.py
mib=${MIB:-1024} runs=${RUNS:-5}
room=/dev/shm # so that no disk is measured
[ -d "$room" ] && [ "$(df -Pk "$room" | awk 'NR == 2 { print int($4 / 1024) }')" -gt $((mib * 2 + 64)) ] || room=${TMPDIR:-/tmp}
folder=$(mktemp -d "$room/copia.XXXXXX") && trap 'rm -rf "$folder"' EXIT INT TERM
cd "$folder" || exit 1
head -c "${mib}M" /dev/urandom >original
port=16000

now() { date +%s.%N; }
listening() { # waits until the server has its port
    hex=$(printf ':%04X ' "$port")
    for _ in $(seq 200); do
        grep -q "$hex.* 0A " /proc/net/tcp /proc/net/tcp6 2>/dev/null && return
        sleep 0.02
    done
}
# one NAME SERVER… -- CLIENT…: {port} stands for the port; seconds until both have ended, MiB/s to NAME
one() {
    name=$1 port=$((port + 1)) server='' client=''
    shift
    while [ "$1" != -- ]; do server="$server $1"; shift; done
    shift
    client=$*
    rm -f copia.out
    sh -c "exec $(echo "$server" | sed "s/{port}/$port/g")" >/dev/null 2>&1 &
    pid=$!
    listening
    begin=$(now)
    sh -c "exec $(echo "$client" | sed "s/{port}/$port/g")" >/dev/null 2>&1
    wait "$pid"
    end=$(now)
    if cmp -s original copia.out; then
        awk -v b="$begin" -v e="$end" -v m="$mib" 'BEGIN { printf "%.0f\n", m / (e - b) }' >>"$name.speed"
    else
        echo "$name: the copy differs" >&2
    fi
}
median() { sort -n "$1" 2>/dev/null | sed -n "$(((runs + 1) / 2))p"; }
has() { command -v "$1" >/dev/null 2>&1; }

for run in $(seq "$runs"); do
    one ours "$build/servidor_copia_grande" "{port}" copia.out -- "$build/cliente_copia_grande" 127.0.0.1 "{port}" original
    one python python3 "$peer" servidor grande "{port}" copia.out -- python3 "$peer" cliente grande 127.0.0.1 "{port}" original
    has ncat && one ncat ncat -l --recv-only 127.0.0.1 "{port}" ">copia.out" -- ncat --send-only 127.0.0.1 "{port}" "<original"
    has socat && one socat socat -u "TCP-LISTEN:{port},reuseaddr" "OPEN:copia.out,creat,trunc" -- socat -u OPEN:original "TCP:127.0.0.1:{port}"
    if has iperf3; then
        port=$((port + 1))
        iperf3 -s -1 -p "$port" >/dev/null 2>&1 &
        pid=$!
        listening
        iperf3 -c 127.0.0.1 -p "$port" -n "${mib}M" -f m -J 2>/dev/null |
            sed -n '/"sum_received"/,/}/s/.*"bits_per_second":[^0-9]*\([0-9.e+]*\).*/\1/p' |
            awk '{ printf "%.0f\n", $1 / 8 / 1048576 }' >>iperf3.speed
        wait "$pid"
    fi
done

echo "copia_grande: $mib MiB over loopback, in $room, MiB a second (median of $runs)"
ours=$(median ours.speed)
for name in ours python ncat socat iperf3; do
    speed=$(median "$name.speed")
    [ -n "$speed" ] && echo "$name $speed $ours"
done | awk '{ printf "%-8s %8d   ours is %.2f of it\n", $1, $2, $3 / $2 }'

# Memory, and the borders of 32 bits: a file of 4 GiB and one byte, most of it a hole.
rm -f copia.out original
truncate -s 4G original && printf 'x' >>original
if [ "$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')" -gt 4300 ]; then
    port=$((port + 1))
    "$build/servidor_copia_grande" "$port" copia.out >/dev/null &
    server=$!
    listening
    "$build/cliente_copia_grande" 127.0.0.1 "$port" original >/dev/null &
    client=$!
    peak=0
    while kill -0 "$client" 2>/dev/null; do
        for pid in "$server" "$client"; do
            kib=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status" 2>/dev/null)
            [ "${kib:-0}" -gt "$peak" ] && peak=$kib
        done
        sleep 0.05
    done
    wait "$client" && wait "$server" && cmp original copia.out &&
        echo "4 GiB and one byte: the same at the other end; at most $peak KiB resident at either"
else
    echo "4 GiB: not enough room in $room"
fi
