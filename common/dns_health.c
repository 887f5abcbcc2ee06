/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_health.c - can what DNSSEC says be believed here */

#include "config.h"

#include <string.h>

#include "common/dns_health.h"

static enum dns_health of_bogus(const char *why)
{
	static const struct {
		const char *why;
		enum dns_health health;
	} table[] = {
		{ "signature-expired", DNS_HEALTH_WRONG_CLOCK },
		{ "signature-not-yet-valid", DNS_HEALTH_WRONG_CLOCK },
		{ "signature-missing", DNS_HEALTH_STRIPPED },
		{ "denial-missing", DNS_HEALTH_STRIPPED },
		{ "key-missing", DNS_HEALTH_STRIPPED },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(why, table[i].why) == 0) {
			return table[i].health;
		}
	}
	return DNS_HEALTH_WRONG_ANCHOR;
}

enum dns_health dns_health_of(bool has_anchor, const struct dns_answer *answer)
{
	if (!has_anchor) {
		return DNS_HEALTH_NO_ANCHOR;
	}
	switch (answer->status) {
	case DNS_ANSWER:
	case DNS_NODATA:
	case DNS_NXDOMAIN:
		return answer->secure ? DNS_HEALTH_VALIDATING :
					DNS_HEALTH_STRIPPED;
	case DNS_BOGUS:
		return of_bogus(answer->why);
	case DNS_SERVFAIL:
	case DNS_TIMEOUT:
	case DNS_ERROR:
		break;
	}
	return DNS_HEALTH_UNREACHABLE;
}

static const struct {
	const char *word;
	const char *text;
} words[DNS_HEALTH_COUNT] = {
	[DNS_HEALTH_UNKNOWN] = { "unknown", "DNSSEC was not tried yet" },
	[DNS_HEALTH_VALIDATING] = { "validating", "DNSSEC works" },
	[DNS_HEALTH_STRIPPED] = { "stripped",
	    "the resolver drops DNSSEC signatures: DANE cannot be seen; use "
	    "a resolver that validates, or dns.recursion" },
	[DNS_HEALTH_NO_ANCHOR] = { "anchor-missing",
	    "there is no trust anchor: DANE cannot be seen; set "
	    "dns.trust-anchor" },
	[DNS_HEALTH_WRONG_ANCHOR] = { "anchor-wrong",
	    "the trust anchor does not fit its zone: DANE cannot be seen; "
	    "renew the file of dns.trust-anchor" },
	[DNS_HEALTH_WRONG_CLOCK] = { "clock-wrong",
	    "no DNSSEC signature is valid now: DANE cannot be seen; is the "
	    "clock right?" },
	[DNS_HEALTH_UNREACHABLE] = { "unreachable",
	    "the resolver answers nothing" },
};

const char *dns_health_word(enum dns_health h)
{
	return words[h < DNS_HEALTH_COUNT ? h : DNS_HEALTH_UNKNOWN].word;
}

enum dns_health dns_health_find(const char *word)
{
	for (int i = 0; i < DNS_HEALTH_COUNT; i++) {
		if (strcmp(words[i].word, word) == 0) {
			return (enum dns_health)i;
		}
	}
	return DNS_HEALTH_UNKNOWN;
}

const char *dns_health_text(enum dns_health h)
{
	return words[h < DNS_HEALTH_COUNT ? h : DNS_HEALTH_UNKNOWN].text;
}
