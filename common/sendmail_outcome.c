/* SPDX-License-Identifier: BSD-2-Clause */
/* sendmail_outcome.c - what {verify} says of a session */

#include "config.h"

#include <string.h>

#include "common/ascii.h"
#include "common/sendmail_state.h"

void sendmail_set_outcome(struct sendmail_session *s,
    const struct sendmail_process *p, struct view verify, bool had_try)
{
	const char *reason = "";

	if (view_is(verify, "SOFTWARE")) {
		s->tls = FACT_TLS_FAILED;
		s->is_failed = true;
		reason =
		    p->reason[0] != '\0' ? p->reason : "tls-handshake-failure";
	} else if (view_is(verify, "FAILURE")) {
		s->tls = FACT_TLS_FAILED;
		s->is_failed = true;
		reason = "connection-closed-during-handshake";
	} else if (view_is(verify, "NONE") && p->tls_forbidden) {
		s->tls = FACT_TLS_NOT_OFFERED;
		s->left_out = COUNTER_LOCAL_POLICY;
	} else if ((view_is(verify, "NONE") || view_is(verify, "DANE_NOTLS") ||
		       view_is(verify, "DANE_FAIL")) &&
	    !had_try) {
		s->tls = FACT_TLS_NOT_OFFERED;
		reason = "starttls-not-offered";
	} else if ((view_is(verify, "TEMP") || view_is(verify, "DANE_TEMP")) &&
	    had_try) {
		s->tls = FACT_TLS_REFUSED;
		reason = "starttls-reply-4xx";
	} else if ((view_is(verify, "NONE") || view_is(verify, "DANE_NOTLS")) &&
	    had_try) {
		s->tls = FACT_TLS_REFUSED;
		reason = "starttls-reply-5xx";
	} else {
		/* PROTOCOL, CONFIG, a lookup that failed, the unheard-of */
		s->tls = FACT_TLS_FAILED;
		s->left_out = COUNTER_UNCLEAR;
	}
	(void)view_copy(view_of(reason), s->reason, sizeof(s->reason));
}

void sendmail_set_version(struct sendmail_session *s, struct view version)
{
	for (size_t i = 0; i < version.len; i++) {
		if (!ascii_is_visible(version.s[i])) {
			version.len = 0;
		}
	}
	(void)view_copy(version, s->version, sizeof(s->version));
}

bool sendmail_set_certificate(
    struct sendmail_session *s, struct view verify, enum fact_chain chain)
{
	s->tls = FACT_TLS_OK;
	if (view_is(verify, "OK")) {
		s->chain = FACT_CHAIN_OK;
	} else if (view_is(verify, "FAIL")) {
		s->chain =
		    chain != FACT_CHAIN_UNKNOWN && chain != FACT_CHAIN_OK ?
		    chain :
		    FACT_CHAIN_BAD;
	} else if (view_is(verify, "TRUSTED")) {
		s->dane = FACT_DANE_MATCH;
	} else if (view_is(verify, "DANE_FAIL")) {
		s->dane = FACT_DANE_MISMATCH;
	} else if (!view_is(verify, "NO") && !view_is(verify, "NOT")) {
		return false;
	}
	return true;
}
