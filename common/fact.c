/* SPDX-License-Identifier: BSD-2-Clause */
/* fact.c - the words and bounds of a fact */

#include "config.h"

#include <stddef.h>

#include "common/domain.h"
#include "common/fact.h"

static const char *const tls_words[FACT_TLS_COUNT] = {
	[FACT_TLS_OK] = "ok",
	[FACT_TLS_NOT_OFFERED] = "not-offered",
	[FACT_TLS_REFUSED] = "refused",
	[FACT_TLS_FAILED] = "failed",
	[FACT_TLS_NO_SESSION] = "no-session",
};

static const char *const chain_words[FACT_CHAIN_COUNT] = {
	[FACT_CHAIN_UNKNOWN] = "unknown",
	[FACT_CHAIN_OK] = "ok",
	[FACT_CHAIN_EXPIRED] = "expired",
	[FACT_CHAIN_NOT_YET_VALID] = "not-yet-valid",
	[FACT_CHAIN_SELF_SIGNED] = "self-signed",
	[FACT_CHAIN_UNTRUSTED] = "untrusted",
	[FACT_CHAIN_BAD] = "bad",
};

static const char *const name_words[FACT_NAME_COUNT] = {
	[FACT_NAME_UNKNOWN] = "unknown",
	[FACT_NAME_MATCH] = "match",
	[FACT_NAME_MISMATCH] = "mismatch",
};

static const char *const dane_words[FACT_DANE_COUNT] = {
	[FACT_DANE_UNKNOWN] = "unknown",
	[FACT_DANE_MATCH] = "match",
	[FACT_DANE_MISMATCH] = "mismatch",
	[FACT_DANE_UNUSABLE] = "unusable",
	[FACT_DANE_LOOKUP_FAILED] = "lookup-failed",
	[FACT_DANE_REQUIRED_MISSING] = "required-missing",
	[FACT_DANE_NONE] = "none",
};

const char *fact_tls_word(enum fact_tls v)
{
	return (unsigned)v < FACT_TLS_COUNT ? tls_words[v] : NULL;
}

const char *fact_chain_word(enum fact_chain v)
{
	return (unsigned)v < FACT_CHAIN_COUNT ? chain_words[v] : NULL;
}

const char *fact_name_word(enum fact_name v)
{
	return (unsigned)v < FACT_NAME_COUNT ? name_words[v] : NULL;
}

const char *fact_dane_word(enum fact_dane v)
{
	return (unsigned)v < FACT_DANE_COUNT ? dane_words[v] : NULL;
}

bool fact_is_untold(const struct fact *fact)
{
	return fact->tls == FACT_TLS_NOT_OFFERED &&
	    view_is(fact->reason, "tls-not-logged");
}

/* Printable ASCII without blanks, at most max bytes. */
static bool is_token(struct view v, size_t max)
{
	if (v.len > max) {
		return false;
	}
	for (size_t i = 0; i < v.len; i++) {
		if (v.s[i] <= ' ' || v.s[i] >= 0x7f) {
			return false;
		}
	}
	return true;
}

bool fact_is_reason(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		char c = v.s[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '+')) {
			return false;
		}
	}
	return v.len <= 64;
}

static bool is_domain_or_empty(struct view v)
{
	return v.len == 0 || domain_is_normal(v);
}

bool fact_check(const struct fact *fact)
{
	return is_domain_or_empty(fact->domain) &&
	    is_domain_or_empty(fact->mx) && fact_is_reason(fact->reason) &&
	    is_token(fact->level, 32) && fact->verdict.len <= 512 &&
	    is_token(fact->version, 16) && is_token(fact->helo, 255) &&
	    is_token(fact->feed, 64) && fact_tls_word(fact->tls) != NULL &&
	    fact_chain_word(fact->chain) != NULL &&
	    fact_name_word(fact->name) != NULL &&
	    fact_dane_word(fact->dane) != NULL;
}
