/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_SENDMAIL_RULES_H
#define COMMON_SENDMAIL_RULES_H

#include "common/sendmail_line.h"
#include "common/sendmail_state.h"

/*
 * One handler a kind of TLSRPT1 record. pos and t: of the line. Each returns
 * 0 or what the sink returned.
 */

/* T: STARTTLS was offered and is about to be sent. */
int sendmail_rules_try(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, const struct sendmail_line *l);

/* S: the outcome. Opens a session where it is one of its own. */
int sendmail_rules_server(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l);

/* R: a recipient is about to be sent. */
int sendmail_rules_rcpt(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l);

/*
 * A to= line, for a session that came from records: ends the attempt of its
 * message if that is still pending. May free the session.
 */
int sendmail_rules_to(struct sendmail *sm, struct sendmail_process *p,
    struct sendmail_session *s, const struct sendmail_line *l);

#endif
