#!/bin/sh
# registrar, which has each REGISTER in registered.json before it answers, beside Kamailio with one
# child: its table in memory only (usrloc db_mode 0), and kept in SQLite (db_mode 1, WAL). Full
# requests, 64 in flight, distinct users; refreshes a second once all are registered, by turns,
# medians of five. Without Kamailio its figures are left out. RUNS, SECONDS_EACH (a run), USERS.
cd "$(dirname "$0")/../.." || exit 1
test/need.sh kamailio || true
top=$PWD runs=${RUNS:-5} seconds=${SECONDS_EACH:-1.5} port=17000 server=
folder=$(mktemp -d) && trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$folder"' EXIT INT TERM
modules=$(ls -d /usr/lib/*/kamailio/modules /usr/lib64/kamailio/modules 2>/dev/null | head -n 1)
kamailio=$(command -v kamailio || ls /usr/sbin/kamailio 2>/dev/null)
schema=$(ls /usr/share/kamailio/db_sqlite/usrloc-create.sql 2>/dev/null)

configure() { # db_mode, lines before usrloc is loaded, and after
    cat <<END
debug=-1
log_stderror=no
children=1
disable_tcp=yes
auto_aliases=no
listen=udp:127.0.0.1:$port
mpath="$modules/"
loadmodule "sl.so"
loadmodule "pv.so"
$2
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("usrloc", "db_mode", $1)
modparam("registrar", "max_contacts", 10)
$3
request_route {
    if (method == "REGISTER") { save("location"); exit; }
    sl_send_reply("405", "Method Not Allowed");
}
END
}

# Memory of a server and its processes in KiB, pages that they share counted once.
memory() {
    for process in $server $(ps -o pid= --ppid "$server"); do
        sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$process/smaps_rollup"
    done 2>/dev/null | awk '{ sum += $1 } END { print sum + 0 }'
}

one() { # name users command…
    name=$1 users=$2
    shift 2
    rm -rf "$folder/run" && mkdir "$folder/run"
    cd "$folder/run" || exit 1
    case $name in
    kamailio*)
        "$@" >"$folder/kamailio.cfg"
        # Of the allocators, -x fm is the fastest by far.
        "$kamailio" -f "$folder/kamailio.cfg" -DD -E -m 1024 -M 64 -x fm -w "$folder/run" -Y "$folder/run" \
            -P "$folder/run/pid" >"$folder/log" 2>&1 & ;;
    *) "$@" --listen "127.0.0.1:$port" >"$folder/log" 2>&1 & ;;
    esac
    server=$!
    cd "$top" || exit 1
    until ss -Hlun "sport = :$port" | grep -q .; do
        kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
        sleep 0.1
    done
    sleep 0.5
    before=$(memory)
    build/test/bench/p4_sip_registrar_load "$port" "$users" "$seconds" >"$folder/rates" || exit 1
    cut -d ' ' -f 2 "$folder/rates" >>"$folder/$name.$users"
    echo "$(memory) $before" >"$folder/$name.$users.memory"
    kill "$server"
    wait "$server" 2>/dev/null
    server=
    port=$((port + 1))
}
median() { sort -n "$1" 2>/dev/null | sed -n "$(((runs + 1) / 2))p"; }

echo "REGISTERs a second, each in registered.json before its 200; Kamailio: in memory only (median of $runs)"
printf '%8s %14s %14s %8s\n' users registrar/s kamailio/s times
for users in ${USERS:-1000 10000 100000}; do
    for run in $(seq "$runs"); do
        one registrar "$users" "$top/build/p4_sip_registrar/registrar"
        [ -z "$kamailio" ] || one kamailio "$users" configure 0
    done
    echo "$users $(median "$folder/registrar.$users") $(median "$folder/kamailio.$users")" |
        awk '{ printf "%8d %14d %14s %8s\n", $1, $2, $3 ? $3 : "-", $3 ? sprintf("%.2f", $2 / $3) : "-" }'
done
for name in registrar kamailio; do
    [ -f "$folder/$name.$users.memory" ] || continue
    awk -v users="$users" -v name="$name" '{ printf "%s: %.1f MB with %d users, %.2f KB a user\n",
        name, $1 / 1024, users, ($1 - $2) / users }' "$folder/$name.$users.memory"
done

# Durable: also across a power cut.
users=1000
for run in $(seq "$runs"); do
    one registrar-fsync "$users" "$top/build/p4_sip_registrar/registrar" --fsync
    [ -n "$kamailio" ] && [ -n "$schema" ] && [ -f "$modules/db_sqlite.so" ] || continue
    rm -f "$folder/users.db"*
    python3 - "$folder/users.db" "$(dirname "$schema")/standard-create.sql" "$schema" <<'END'
import sqlite3, sys
users = sqlite3.connect(sys.argv[1])
for script in sys.argv[2:]:
    users.executescript(open(script).read())
users.execute("PRAGMA journal_mode=WAL")
END
    one kamailio-wal "$users" configure 1 "loadmodule \"db_sqlite.so\"" \
        "modparam(\"usrloc\", \"db_url\", \"sqlite:///$folder/users.db\")"
done
echo "$users users: registrar $(median "$folder/registrar.$users")/s," \
    "with --fsync $(median "$folder/registrar-fsync.$users")/s"
[ ! -f "$folder/kamailio-wal.$users" ] ||
    echo "Kamailio with SQLite (WAL): $(median "$folder/kamailio-wal.$users")/s"
