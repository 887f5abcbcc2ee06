/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_text.c - the texts in DNS answers, without the library */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/dns.h"
#include "common/err.h"
#include "common/mem.h"

const char *dns_status_word(enum dns_status s)
{
	switch (s) {
	case DNS_ANSWER:
		return "answer";
	case DNS_NODATA:
		return "nodata";
	case DNS_NXDOMAIN:
		return "nxdomain";
	case DNS_SERVFAIL:
		return "servfail";
	case DNS_BOGUS:
		return "bogus";
	case DNS_TIMEOUT:
		return "timeout";
	case DNS_ERROR:
		return "error";
	}
	return "unknown";
}

/*
 * The library's text ends in what it is about, "<NAME TYPE IN>: REASON from
 * ADDRESS ...", and a failure that it remembers stands in front of it. Names
 * have no blanks there. The first row that is found counts.
 */
const char *dns_why_token(const char *why)
{
	static const struct {
		const char *text;
		const char *token;
	} table[] = {
		{ "signature expired", "signature-expired" },
		{ "signature before inception", "signature-not-yet-valid" },
		{ "no signatures", "signature-missing" },
		{ "no DNSSEC records", "denial-missing" },
		{ "no NSEC", "denial-missing" },
		{ "proof failed", "denial-missing" },
		{ "no DNSKEY rrset", "key-missing" },
		{ "No DNSKEY record", "key-missing" },
		{ "lookup of DNSKEY has nodata", "key-missing" },
		{ "no keys have a DS", "key-mismatch" },
		{ "DS hash mismatches key", "key-mismatch" },
		/* none by the key that it must be, though there are others */
		{ "signature missing", "key-mismatch" },
		{ "signature ", "signature-invalid" },
	};

	const char *reason = why;

	while (reason != NULL && (why = strstr(reason, ">: ")) != NULL) {
		reason = why + 3;
	}
	for (size_t i = 0;
	     reason != NULL && i < sizeof(table) / sizeof(table[0]); i++) {
		if (strstr(reason, table[i].text) != NULL) {
			return table[i].token;
		}
	}
	return "unknown";
}

int dns_name(struct view rdata, size_t at, char out[DOMAIN_BUF])
{
	char text[DOMAIN_MAX + 2];
	size_t n = 0;

	out[0] = '\0';
	for (;;) {
		size_t len;

		if (at >= rdata.len) {
			return ERR_PARSE;
		}
		len = (unsigned char)rdata.s[at++];
		if (len == 0) {
			break;
		}
		if (len > 63 || len > rdata.len - at ||
		    len + 1 > sizeof(text) - n) {
			return ERR_PARSE;
		}
		/* a dot inside of a label would make another name of it */
		if (memchr(rdata.s + at, '.', len) != NULL) {
			return ERR_PARSE;
		}
		memcpy(text + n, rdata.s + at, len);
		text[n + len] = '.';
		n += len + 1;
		at += len;
	}
	if (at != rdata.len) {
		return ERR_PARSE;
	}
	if (n == 0) {
		memcpy(out, ".", sizeof("."));
		return 1;
	}
	return domain_normalise(view_make(text, n), out);
}

int dns_txt_join(struct view rdata, char *out, size_t size)
{
	size_t n = 0;

	if (rdata.len == 0) {
		return ERR_PARSE; /* RFC 1035 3.3.14: one or more */
	}
	while (rdata.len > 0) {
		size_t len = (unsigned char)rdata.s[0];

		rdata = view_skip(rdata, 1);
		if (len > rdata.len) {
			return ERR_PARSE;
		}
		if (len > size - n) {
			return ERR_TOO_LONG;
		}
		if (len > 0) {
			memcpy(out + n, rdata.s, len);
		}
		n += len;
		rdata = view_skip(rdata, len);
	}
	return (int)n;
}

void dns_texts_init(struct dns_texts *t, const struct dns_answer *a)
{
	size_t size = 0;
	char *at;

	for (size_t i = 0; i < a->n; i++) {
		size += a->rdata[i].len;
	}
	t->v = xcalloc(a->n, sizeof(*t->v));
	t->n = 0;
	t->buf = xmalloc(size);
	at = t->buf;
	for (size_t i = 0; i < a->n; i++) {
		int len = dns_txt_join(a->rdata[i], at, a->rdata[i].len);

		if (len >= 0) {
			t->v[t->n++] = view_make(at, (size_t)len);
			at += len;
		}
	}
}

void dns_texts_release(struct dns_texts *t)
{
	free(t->v);
	free(t->buf);
	*t = (struct dns_texts){ NULL, 0, NULL };
}
