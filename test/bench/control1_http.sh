#!/bin/sh
# servidor_movil beside nginx (one worker, sendfile on) and the report's Python without its pauses, on
# this machine, one after the other by turns, median of five:
#   one file of 1 GB to one curl; a file of 1 MB over and over to 500 connections; 1 KB with keep-alive.
# Every request says Range: bytes=0-, for without it an id gets a file once.
set -eu
[ "${1:-}" = inside ] || {
    "$(dirname "$0")/../need.sh" curl wrk nginx python3
    if unshare -Urn true 2>/dev/null; then exec unshare -Urn "$0" inside; else exec "$0" inside; fi
}
ip link set lo up 2>/dev/null || true
ulimit -n 4096 2>/dev/null || true
top=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
cd "$dir"
pids=
trap 'kill $pids 2>/dev/null; wait; rm -rf "$dir"' EXIT
truncate -s 1G 1g
head -c 1048576 /dev/urandom >1m
head -c 1024 /dev/urandom >1k
head -c 20971520 /dev/zero >20m
cat 1g >/dev/null # in memory, whoever asks first

# port_of FILE: the port of "Servidor funcionando en IP:PUERTO", once it is there
port_of() {
    for _ in $(seq 100); do
        port=$(sed -n 's/^Servidor funcionando en .*:\([0-9]*\)$/\1/p' "$1")
        [ -n "$port" ] && echo "$port" && return
        sleep 0.05
    done
    exit 1
}
"$top/build/control1_resume_http/servidor_movil" >ours.out &
pids=$!
PAUSA=0 python3 "$top/test/peers/control1.py" >python.out 2>/dev/null &
pids="$pids $!"
cat >nginx.conf <<'END'
user root; worker_processes 1; daemon off; pid nginx.pid; error_log nginx.err;
events { worker_connections 2048; }
http {
    access_log off; sendfile on; keepalive_requests 100000000; default_type application/octet-stream;
    client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
    server { listen 127.0.0.1:18080; root .; }
}
END
nginx -p "$dir" -c nginx.conf -e nginx.err &
pids="$pids $!"
port=$(port_of ours.out) python=127.0.0.1:$(port_of python.out)
ours=127.0.0.1:$port/$(curl -s "127.0.0.1:$port") nginx=127.0.0.1:18080
curl -s --retry 20 --retry-connrefused --retry-delay 1 -o /dev/null "$nginx/1k"

median() { sort -g | sed -n 3p; }
row() { # title, files of ours and theirs, unit; the ratio: the median of those of neighbours in time
    printf '%-42s %10.2f %10.2f  %-10s %6.2f\n' "$1" "$(median <"$2")" "$(median <"$3")" "$4" \
        "$(paste "$2" "$3" | awk '{ print $1 / $2 }' | median)"
}
rate() { curl -s -r 0- -o /dev/null -w '%{speed_download}\n' "$1" | awk '{ print $1 / 1e9 }'; }
load() { wrk -t1 -c"$1" -d"${SECONDS_EACH:-2}" -H 'Range: bytes=0-' "http://$2" | sed -n 's/^Requests\/sec: *//p'; }

printf '%-42s %10s %10s  %-10s %6s\n' '' ours other '' ratio
for _ in 1 2 3 4 5; do
    rate "$ours/1g" >>a1
    rate "$nginx/1g" >>b1
done
row '1 GB, one curl; nginx' a1 b1 GB/s
for _ in 1 2 3 4 5; do
    id=$(curl -s "$python")
    curl -s -o /dev/null -w '%{speed_download}\n' "$python/$id/20m" | awk '{ print $1 / 1e9 }' >>b2
done
row "1 GB, one curl; the report's Python" a1 b2 GB/s
for _ in 1 2 3 4 5; do
    load 500 "$ours/1m" >>a3
    load 500 "$nginx/1m" >>b3
done
row '1 MB, 500 connections; nginx' a3 b3 requests/s
for _ in 1 2 3 4 5; do
    load 100 "$ours/1k" >>a4
    load 100 "$nginx/1k" >>b4
done
row '1 KB, 100 connections, keep-alive; nginx' a4 b4 requests/s
