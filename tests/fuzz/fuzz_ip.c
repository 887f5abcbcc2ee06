/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_ip.c - any bytes as an IP address; its text is read back as itself */

#include "config.h"

#include <assert.h>
#include <string.h>

#include "common/err.h"
#include "common/ip.h"
#include "tests/fuzz/fuzz.h"

static void check_text(const struct ip *ip)
{
	char text[IP_TEXT_MAX];
	struct ip again;
	size_t len = strlen(ip_format(ip, text));

	assert(len < IP_TEXT_MAX);
	assert(strspn(text, "0123456789abcdef:.") == len);
	assert((len > 0) == ip_is_known(ip));
	if (len > 0) {
		assert(ip_parse(view_of(text), &again) == 0);
		assert(memcmp(ip, &again, sizeof(again)) == 0);
	}
}

FUZZ_TARGET(data, size)
{
	struct ip ip;
	int rc = ip_parse(view_make((const char *)data, size), &ip);

	assert(rc == 0 || rc == ERR_PARSE);
	assert(rc == 0 || !ip_is_known(&ip));
	check_text(&ip);
	if (size >= sizeof(ip.b)) {
		memcpy(ip.b, data, sizeof(ip.b));
		check_text(&ip);
		(void)ip_is_loopback(&ip);
	}
	return 0;
}
