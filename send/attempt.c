/* SPDX-License-Identifier: BSD-2-Clause */
/* attempt.c - what became of one try, in words */

#include "config.h"

#include "send/attempt.h"

void attempt_set(struct attempt *a, enum attempt_end end, struct view text)
{
	size_t n = 0;

	a->end = end;
	a->retry_after_s = 0;
	for (size_t i = 0; i < text.len && n < sizeof(a->answer) - 1; i++) {
		char c = text.s[i];

		/* what another host says may hold anything */
		if (c < ' ' || c > '~') {
			c = '?';
		}
		a->answer[n++] = c;
	}
	while (n > 0 && (a->answer[n - 1] == ' ' || a->answer[n - 1] == '?')) {
		n--;
	}
	a->answer[n] = '\0';
}
