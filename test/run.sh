#!/bin/sh
# test/run.sh UNIT RUNNER…: the unit tests (unless EJ names an exercise), then the conversations;
# at the end one sum of both.
unit=$1
shift
out=$(mktemp) && trap 'rm -f "$out"' EXIT INT TERM
status=0 passed=0 failed=0 skipped=0
if [ -z "${EJ:-}" ]; then
    "$unit" --no-intro=true >"$out" 2>&1 || status=1
    cat "$out"
    read -r passed failed skipped <<END
$(sed -n 's/^\[doctest\] test cases: *[0-9]* | *\([0-9]*\) passed | *\([0-9]*\) failed | *\([0-9]*\) skipped.*/\1 \2 \3/p' "$out")
END
    [ -n "$passed" ] || { passed=0 failed=1 skipped=0 status=1; } # it broke off
fi
# The status of the first in a pipe is lost to sh: the sum's line tells.
"$@" 2>&1 | tee "$out"
read -r p f s <<END
$(tail -n 1 "$out" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p')
END
[ "${f:-1}" = 0 ] || status=1
echo "$((passed + ${p:-0})) passed, $((failed + ${f:-1})) failed, $((skipped + ${s:-0})) skipped"
exit $status
