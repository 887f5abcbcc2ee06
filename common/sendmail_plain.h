/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_SENDMAIL_PLAIN_H
#define COMMON_SENDMAIL_PLAIN_H

#include "common/sendmail_line.h"
#include "common/sendmail_state.h"

/*
 * One handler a kind of plain line. pos and t: of the line. Those that
 * return an int return 0 or what the sink returned.
 */

/* STARTTLS=client, relay=: a session with TLS. */
int sendmail_plain_tls_up(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l);

/* verifymsg=: why the certificate was refused. A hint where rules run. */
void sendmail_plain_verifymsg(
    struct sendmail_process *p, uint64_t pos, const struct sendmail_line *l);

/* error: connect failed: why the handshake failed. A hint. */
void sendmail_plain_tls_error(
    struct sendmail_process *p, uint64_t pos, const struct sendmail_line *l);

/* warning=DANE configured in DNS but ...: a session without TLS. */
int sendmail_plain_dane(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l);

/* ruleset=tls_server|try_tls: a failed handshake, or our own policy. */
int sendmail_plain_reject(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l);

/* A to= line, for the sessions that came from plain lines. */
int sendmail_plain_to(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l);

#endif
