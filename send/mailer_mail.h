/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SEND_MAILER_MAIL_H
#define SEND_MAILER_MAIL_H

#include "common/view.h"

/* One mail to one recipient: all of it was looked at (mailer.c). Borrowed. */
struct mailer_mail {
	const char *from;
	const char *to;
	struct view message; /* CRLF line ends, also at the end */
};

#endif
