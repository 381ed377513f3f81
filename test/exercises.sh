#!/bin/sh
# test/exercises.sh FOLDER…: the exercises of a practice, read from the table of its guide
# (| id | what it asks | program | command |), with the command that runs each.
[ "$1" = --help ] && shift && set -- p3_udp_echo p4_tcp_echo p4_sip_registrar control1_resume_http
for folder; do
    [ -f "$folder/README.md" ] || continue
    sed -n '1s/^# *//p' "$folder/README.md"
    awk -F ' *[|] *' '
        # The exercise table ends at the first line that is no row of it.
        /^\| *id *\|/ { table = 1; next }
        table && !/^\|/ { exit }
        table && !/^\| *:?-/ { gsub(/`/, ""); printf "  %-16s %s\n", $2, $5 }' "$folder/README.md"
done
