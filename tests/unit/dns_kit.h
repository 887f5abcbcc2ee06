/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_kit.h - for tests of common/dns.c: records, a silent server, callbacks */
#ifndef TESTS_UNIT_DNS_KIT_H
#define TESTS_UNIT_DNS_KIT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/dns.h"
#include "tests/unit/unit.h"

static const char local_data[] =
    "; a comment\n"
    "# another\n"
    "\n"
    "a.example 300 IN TXT \"one\" \"two\"\n"
    "b.example IN TXT \"no TTL\"\r\n"
    "c.example 300 IN A 192.0.2.1\n"
    "alias.example 300 IN CNAME alias2.example\n"
    "alias2.example 300 IN CNAME A.Example\n"
    "loop.example 300 IN CNAME loop.example\n"
    "dangling.example 300 IN CNAME nowhere.example\n"
    "barren.example 300 IN CNAME c.example\n"
    "two.example 300 IN TXT \"x\"\n"
    "two.example 300 IN TXT \"\" \"y\\000z\"\n"
    "in.test 300 IN TXT \"test\"\n"
    "\t \n"
    "last.example 300 IN TXT \"no line end\"";

static inline void write_file(
    char *path, size_t size, const char *dir, const char *text)
{
	int len = snprintf(path, size, "%s/data", dir);
	FILE *f;

	assert_true(len > 0 && (size_t)len < size);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* What one question got. */
struct got {
	unsigned n_calls;
	enum dns_status status;
	size_t n;
	char text[512]; /* the records' texts, sorted, with '|' between */
};

static inline int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline void on_answer(void *ctx, const struct dns_answer *a)
{
	struct got *got = ctx;
	char texts[4][100];
	char *sorted[4];

	got->n_calls++;
	got->status = a->status;
	got->n = a->n;
	got->text[0] = '\0';
	assert_true(a->n <= UNIT_LEN(texts));
	for (size_t i = 0; i < a->n; i++) {
		int len =
		    dns_txt_join(a->rdata[i], texts[i], sizeof(texts[i]) - 1);

		assert_true(len >= 0);
		for (int j = 0; j < len; j++) {
			if (texts[i][j] == '\0') {
				texts[i][j] = '0';
			}
		}
		texts[i][len] = '\0';
		sorted[i] = texts[i];
	}
	qsort(sorted, a->n, sizeof(sorted[0]), by_text);
	for (size_t i = 0; i < a->n; i++) {
		size_t n = strlen(got->text);

		(void)snprintf(got->text + n, sizeof(got->text) - n, "%s%s",
		    i > 0 ? "|" : "", sorted[i]);
	}
}

static inline struct dns *new_dns(const struct dns_options *o)
{
	struct strbuf error;
	struct dns *d = NULL;
	int rc;

	strbuf_init(&error, 1000);
	rc = dns_new(o, &d, &error);
	UNIT_STR("dns_new", strbuf_str(&error), "");
	UNIT_INT("dns_new", rc, 0);
	strbuf_release(&error);
	return d;
}

/* A socket on the loopback that never answers. */
static inline int silent_server(char *address, size_t size)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(
	    bind(fd, (const struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	(void)snprintf(
	    address, size, "127.0.0.1@%u", (unsigned)ntohs(sin.sin_port));
	return fd;
}

struct chain {
	struct dns *d;
	unsigned left;
	unsigned n_nxdomain;
};

static inline void on_link(void *ctx, const struct dns_answer *a)
{
	struct chain *chain = ctx;

	chain->n_nxdomain += a->status == DNS_NXDOMAIN;
	if (chain->left > 0) {
		char name[32];

		chain->left--;
		(void)snprintf(name, sizeof(name), "n%u.example", chain->left);
		dns_ask(chain->d, name, DNS_TYPE_TXT, on_link, chain);
	}
}

#endif
