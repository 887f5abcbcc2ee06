/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_text.c - the texts in DNS answers, without the library */

#include "config.h"

#include <string.h>

#include "common/dns.h"
#include "common/err.h"

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
