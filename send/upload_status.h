/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SEND_UPLOAD_STATUS_H
#define SEND_UPLOAD_STATUS_H

#include <stdint.h>

#include "send/attempt.h"

/* What an answer of HTTP means for a report (R177, R179). Pure. */

enum {
	UPLOAD_RETRY_AFTER_MAX_S = 24 * 3600
};

/*
 * Of a final status, from 200 on; others are RETRY. A redirect is followed
 * nowhere: one that says that it is temporary is RETRY, the others REFUSED.
 */
enum attempt_end upload_status_end(long status);

/* What is made of the seconds that Retry-After names, or that are left until
   the date in it. */
int64_t upload_status_retry_after(int64_t seconds);

#endif
