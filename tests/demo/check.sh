#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The demonstration of ./quickstart, as a test: it ends well, it is about the
# domains that ask for reports, and the judge of reports finds no fault.
set -u
src=${TESTS_SRC:-$(dirname "$0")/..}
bin=${TESTS_BIN:-$src/..}
n=0
result() { # STATUS TITLE
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}

echo 1..5
out=$(bash "$src/demo/run" "$bin" 2>&1 </dev/null)
result $? "the demonstration ends well"
dir=$(printf '%s\n' "$out" | sed -n 's,^== All of it is in \(.*\)/reports:$,\1,p')
[ -n "$dir" ] && [ -d "$dir/reports" ]
result $? "it names a folder with reports"
want='expired.lab.test good.lab.test good2.lab.test hsclose.lab.test multi.lab.test notls.lab.test tls454.lab.test'
got=$(ls "$dir/reports" | sed -n 's/^[^!]*!\([^!]*\)!.*gz$/\1/p' | LC_ALL=C sort | tr '\n' ' ')
[ "$got" = "$want " ]
result $? "the domains that ask get reports: got $got"
# 6 mails: one for each mailto of the 7 records
[ "$(ls "$dir/reports" | grep -c 'eml$')" -eq 6 ]
result $? "one mail for each address"
"${PYTHON:-python3}" "$src/check-report" --submitter mta.lab.test "$dir"/reports/*
result $? "the judge of reports finds no fault"
rm -rf "$dir"
