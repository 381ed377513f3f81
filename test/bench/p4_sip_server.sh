#!/bin/sh
# server beside a Python 3 peer that does the same: each REGISTER has registered.json, with 2,000
# users, written anew and renamed before it is answered. REGISTERs per second, 64 in flight, by turns,
# medians of five.
cd "$(dirname "$0")/../.." || exit 1
top=$PWD users=2000 runs=${RUNS:-5} port=16000 server=
folder=$(mktemp -d) && trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$folder"' EXIT INT TERM

# Both start with the 2,000 users; user0 to user99 are then refreshed over and over.
awk -v users="$users" 'BEGIN {
    print "{"
    for (i = 0; i < users; i++)
        printf "  \"user%d@polismassa.com\": {\"address\": \"127.0.0.1\", \"expires\": \"2126-10-16 10:37:12 +0000\"}%s\n",
               i, i < users - 1 ? "," : ""
    print "}" }' >"$folder/users.json"

one() { # name command…
    name=$1
    shift
    mkdir -p "$folder/$name" && cp "$folder/users.json" "$folder/$name/registered.json"
    port=$((port + 1))
    (cd "$folder/$name" && exec "$@" "$port") >/dev/null &
    server=$!
    until ss -Hlun "sport = :$port" | grep -q .; do
        kill -0 "$server" 2>/dev/null || exit 1
        sleep 0.1
    done
    "$top/build/test/bench/p4_sip_registrar_load" "$port" 100 2 64 bare >"$folder/rates" || exit 1
    cut -d ' ' -f 2 "$folder/rates" >>"$folder/$name.rates"
    kill "$server"
    wait "$server" 2>/dev/null
    server=
    found=$(python3 -c "import json; print(len(json.load(open('$folder/$name/registered.json'))))")
    [ "$found" = "$users" ] || { echo "$name: $found users in registered.json, not $users" >&2; exit 1; }
}
median() { sort -n "$1" | sed -n "$(((runs + 1) / 2))p"; }

for run in $(seq "$runs"); do
    one server "$top/build/p4_sip_registrar/server"
    one python python3 "$top/test/peers/sip_registrar.py" server
done
echo "server: $users users, registered.json written and renamed at each REGISTER (median of $runs)"
printf '%-14s %14s %10s\n' server/s "Python peer/s" times
echo "$(median "$folder/server.rates") $(median "$folder/python.rates")" | awk '{ printf "%-14d %14d %10.1f\n", $1, $2, $1 / $2 }'
