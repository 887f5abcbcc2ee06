/* SPDX-License-Identifier: BSD-2-Clause */
/* upload_status.c - what an answer of HTTP means for a report */

#include "config.h"

#include <stddef.h>

#include "send/upload_status.h"

enum attempt_end upload_status_end(long status)
{
	/* those that differ from the rest of their hundred (RFC 9110 15) */
	static const short temporary[] = {
		302, /* Found */
		303, /* See Other */
		307, /* Temporary Redirect */
		408, /* Request Timeout */
		425, /* Too Early */
		429, /* Too Many Requests */
	};

	for (size_t i = 0; i < sizeof(temporary) / sizeof(temporary[0]); i++) {
		if (status == temporary[i]) {
			return ATTEMPT_RETRY;
		}
	}
	switch (status / 100) {
	case 2:
		return ATTEMPT_ACCEPTED;
	case 3:
	case 4:
		return ATTEMPT_REFUSED;
	default:
		return ATTEMPT_RETRY;
	}
}

int64_t upload_status_retry_after(int64_t seconds)
{
	if (seconds < 0) {
		return 0;
	}
	return seconds < UPLOAD_RETRY_AFTER_MAX_S ? seconds :
						    UPLOAD_RETRY_AFTER_MAX_S;
}
