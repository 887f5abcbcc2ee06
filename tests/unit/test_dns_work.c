/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dns_work.c - tests common/dns.c as an event loop drives it */
#include "config.h"

#include <poll.h>

#include "tests/unit/dns_kit.h"

#define ANCHOR_DIGEST \
 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* An event loop's turn: waits for the descriptor, then works. */
static void turn(struct dns *d)
{
	struct pollfd fd = { .fd = dns_fd(d), .events = POLLIN };

	(void)poll(&fd, 1, 100);
	UNIT_INT("dns_work", dns_work(d), 0);
}

/* The servers of zones are asked, so the resolvers do not matter. */
static void test_recursion(void **state)
{
	static const char *const bad_server[] = { "192.0.2.300", NULL };
	struct dns_options o = { .servers = bad_server, .is_recursive = true };
	struct got got = { .n_calls = 0 };
	struct dns *d = new_dns(&o);

	(void)state;
	/* the library answers this by itself (RFC 6761 6.4) */
	dns_ask(d, "a.invalid", DNS_TYPE_TXT, on_answer, &got);
	UNIT_INT("run", dns_run(d), 0);
	UNIT_STR("answer", dns_status_word(got.status), "nxdomain");
	dns_free(d);
}

/* The same without dns_run(), and what it tells beside the records. */
static void test_work(void **state)
{
	char dir[64];
	char path[100];
	struct dns_options o = { .local_data = path, .parallel = 3 };
	struct chain chain = { .left = 30 };
	struct got got = { .n_calls = 0 };

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	write_file(path, sizeof(path), dir, local_data);
	chain.d = new_dns(&o);
	UNIT_INT("nothing to do", dns_work(chain.d), 0);
	for (int i = 0; i < 20; i++) {
		dns_ask(chain.d, "x.example", DNS_TYPE_TXT, on_link, &chain);
	}
	dns_ask(chain.d, "two..dots", DNS_TYPE_TXT, on_answer, &got);
	UNIT_UINT("not before dns_work", got.n_calls, 0);
	while (chain.n_nxdomain < 50 || got.n_calls == 0) {
		turn(chain.d);
	}
	UNIT_UINT("answers", chain.n_nxdomain, 50);
	UNIT_STR("refused", dns_status_word(got.status), "error");
	UNIT_STR("anchor", dns_anchor(chain.d), "");
	dns_free(chain.d);
	unit_tmpdir_remove(dir);
}

/* Nobody answers: the time is over by the clock of the calls. */
static void test_work_timeout(void **state)
{
	char dir[64];
	char path[100];
	char server[32];
	const char *servers[] = { server, NULL };
	struct dns_options o = {
		.servers = servers, .timeout_s = 1, .trust_anchor = path
	};
	struct got got = { .n_calls = 0 };
	struct dns *d;
	int fd = silent_server(server, sizeof(server));

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	write_file(path, sizeof(path), dir,
	    "; a comment\nLab.Test. 60 IN DS 1 8 2 " ANCHOR_DIGEST "\n");
	d = new_dns(&o);
	UNIT_STR("anchor", dns_anchor(d), "lab.test");
	dns_ask(d, "a.example", DNS_TYPE_TXT, on_answer, &got);
	while (got.n_calls == 0) {
		turn(d);
	}
	UNIT_STR("silent", dns_status_word(got.status), "timeout");
	dns_free(d);
	close(fd);
	unit_tmpdir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recursion),
		cmocka_unit_test(test_work),
		cmocka_unit_test(test_work_timeout),
	};

	return UNIT_RUN(tests);
}
