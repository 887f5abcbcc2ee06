/* SPDX-License-Identifier: BSD-2-Clause */
/* signer.c - the keys that a run signs mails with */

#include "config.h"

#include "common/log.h"
#include "reporter/signer.h"

int signer_open(const struct conf *c, bool is_dry_run, struct dkim **out)
{
	struct strbuf error;
	int rc;

	strbuf_init(&error, 4096);
	rc = dkim_open(c, out, &error);
	if (rc != 0 && is_dry_run) {
		log_warn("mails are written without a DKIM signature: %s",
		    strbuf_str(&error));
		rc = 0;
	} else if (rc != 0) {
		log_error("cannot sign mails: %s", strbuf_str(&error));
	}
	strbuf_release(&error);
	return rc;
}

void signer_warn(const struct dkim *d)
{
	struct dkim_info info;

	for (size_t i = 0; dkim_info(d, i, &info); i++) {
		if (info.kind == DKIM_KEY_RSA &&
		    info.bits < DKIM_KEY_RSA_ADVISED) {
			log_warn("a DKIM key is short: some receivers may not "
				 "take it selector=%s bits=%u advised=%d",
			    info.selector, info.bits, DKIM_KEY_RSA_ADVISED);
		}
	}
}
