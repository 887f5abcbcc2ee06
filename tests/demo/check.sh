#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The demonstration of ./quickstart, as a test: it ends well, all three MTAs'
# sessions are in it, its reports are about the domains that ask for them, and
# the judge of reports finds no fault.
set -u
src=${TESTS_SRC:-$(dirname "$0")/..}
bin=${TESTS_BIN:-$src/..}
n=0
result() { # STATUS TITLE
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}

echo 1..10
out=$(bash "$src/demo/run" "$bin" 2>&1 </dev/null)
result $? "the demonstration ends well"
dir=$(printf '%s\n' "$out" | sed -n 's,^== All of it is in \(.*\)/reports:$,\1,p')
[ -n "$dir" ] && [ -d "$dir/reports" ]
result $? "it names a folder with reports"
for want in 'sendmail: 1458 lines read, 107' 'exim: 323 lines read, 48' 'postfix: 374 lines read, 61'; do
	printf '%s\n' "$out" | grep -q "^feed $want sessions counted"
	result $? "feed $want sessions counted"
done
# START DAY DOMAIN...: the domains that have a report of that day
reports() {
	want="$3 "
	got=$(ls "$dir/reports" | sed -n "s/^[^!]*!\([^!]*\)!$1!.*gz\$/\1/p" | LC_ALL=C sort | tr '\n' ' ')
	[ "$got" = "$want" ]
	result $? "the domains that ask get reports of $2: got $got"
}
reports 1795305600 2026-11-22 'expired.lab.test good.lab.test good2.lab.test hsclose.lab.test multi.lab.test notls.lab.test tls454.lab.test'
reports 1795651200 2026-11-26 'alert.lab.test dane-notls.lab.test dane.lab.test expired.lab.test good.lab.test hang.lab.test multi.lab.test notls.lab.test old.lab.test tls454.lab.test'
# What Exim took as TLS 1.1 and Postfix did not.
printf '%s\n' "$out" | grep -q 'day=2026-11-26 domain=old.lab.test successes=1 failures=2 '
result $? "a report has the sessions of two MTAs"
# 15 mails: one for each mailto of the 7 and the 10 records
[ "$(ls "$dir/reports" | grep -c 'eml$')" -eq 15 ]
result $? "one mail for each address"
"${PYTHON:-python3}" "$src/check-report" --submitter mta.lab.test "$dir"/reports/*
result $? "the judge of reports finds no fault"
rm -rf "$dir"
