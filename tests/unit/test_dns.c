/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dns.c - tests common/dns.c without a server, by dns_run(); what
 * servers may answer is tested through telltls-report (tests/reporter).
 */
#include "config.h"

#include <sys/socket.h>

#include "common/err.h"
#include "tests/unit/dns_kit.h"

static void test_local_data(void **state)
{
	static const struct {
		const char *name;
		int type;
		enum dns_status want;
		const char *text;
	} table[] = {
		{ "a.example", DNS_TYPE_TXT, DNS_ANSWER, "onetwo" },
		{ "A.EXAMPLE", DNS_TYPE_TXT, DNS_ANSWER, "onetwo" },
		{ "b.example", DNS_TYPE_TXT, DNS_ANSWER, "no TTL" },
		{ "c.example", DNS_TYPE_TXT, DNS_NODATA, "" },
		{ "example", DNS_TYPE_TXT, DNS_NODATA, "" },
		{ "alias.example", DNS_TYPE_TXT, DNS_ANSWER, "onetwo" },
		{ "loop.example", DNS_TYPE_TXT, DNS_SERVFAIL, "" },
		{ "dangling.example", DNS_TYPE_TXT, DNS_NXDOMAIN, "" },
		{ "barren.example", DNS_TYPE_TXT, DNS_NODATA, "" },
		{ "two.example", DNS_TYPE_TXT, DNS_ANSWER, "x|y0z" },
		{ "in.test", DNS_TYPE_TXT, DNS_ANSWER, "test" },
		{ "not.test", DNS_TYPE_TXT, DNS_NXDOMAIN, "" },
		{ "last.example", DNS_TYPE_TXT, DNS_ANSWER, "no line end" },
		{ "nowhere.example", DNS_TYPE_TXT, DNS_NXDOMAIN, "" },
		{ "under.a.example", DNS_TYPE_TXT, DNS_NXDOMAIN, "" },
		{ ".", DNS_TYPE_NS, DNS_NODATA, "" },
		{ "two..dots", DNS_TYPE_TXT, DNS_ERROR, "" },
	};

	static struct got got[UNIT_LEN(table)];
	char dir[64];
	char path[100];
	char server[32];
	const char *servers[] = { server, NULL };
	struct dns_options o = { .servers = servers, .local_data = path };
	struct dns *d;
	int fd = silent_server(server, sizeof(server));
	char byte;

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	write_file(path, sizeof(path), dir, local_data);
	d = new_dns(&o);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		dns_ask(d, table[i].name, table[i].type, on_answer, &got[i]);
	}
	UNIT_INT("dns_run", dns_run(d), 0);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_UINT(table[i].name, got[i].n_calls, 1);
		UNIT_STR(table[i].name, dns_status_word(got[i].status),
		    dns_status_word(table[i].want));
		UNIT_STR(table[i].name, got[i].text, table[i].text);
	}
	dns_free(d);
	/* nothing was asked of the server */
	UNIT_INT("server", recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	close(fd);
	unit_tmpdir_remove(dir);
}

static void test_bad_options(void **state)
{
	static const char *const bad_server[] = { "192.0.2.300", NULL };
	static const char *const bad_name[] = { "ns.example", NULL };

	/* in the order in which a row reads */
	/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
	static const struct {
		const char *name;
		const char *data; /* of the file DATA, whose path is put in */
		const char *const *servers;
		bool is_anchor;
		const char *local_data;
		int want;
		const char *error; /* how it begins, behind the path */
	} table[] = {
		{ "server", "", bad_server, false, NULL, ERR_CONFIG,
		    "DNS server 192.0.2.300: expected address" },
		{ "server by name", "", bad_name, false, NULL, ERR_CONFIG,
		    "DNS server ns.example: expected address" },
		{ "no file", "", NULL, false, "/nonexistent/data", -ENOENT,
		    "file /nonexistent/data: " },
		{ "line", "a.example IN A 192.0.2.1\nwhat is this\n", NULL,
		    false, "", ERR_CONFIG, ":2: expected a resource record" },
		{ "data", "a.example IN A 192.0.2\n", NULL, false, "",
		    ERR_CONFIG, ":1: expected a resource record" },
		{ "type", "a.example IN\n", NULL, false, "", ERR_CONFIG,
		    ":1: expected a resource record" },
		{ "trust anchor", "gibberish is this\n", bad_server + 1, true,
		    NULL, ERR_CONFIG, "libunbound start: is the trust anchor" },
	};

	char dir[64];
	char path[100];

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct dns_options o = { .servers = table[i].servers,
			.local_data = table[i].local_data };
		struct strbuf error;
		struct dns *d = NULL;
		const char *text;

		strbuf_init(&error, 1000);
		write_file(path, sizeof(path), dir, table[i].data);
		o.trust_anchor = table[i].is_anchor ? path : NULL;
		if (o.local_data != NULL && o.local_data[0] == '\0') {
			o.local_data = path;
		}
		UNIT_INT(table[i].name, dns_new(&o, &d, &error), table[i].want);
		assert_null(d);
		text = strbuf_str(&error);
		if (strncmp(text, path, strlen(path)) == 0) {
			text += strlen(path);
		}
		if (strncmp(text, table[i].error, strlen(table[i].error)) !=
		    0) {
			UNIT_STR(table[i].name, text, table[i].error);
		}
		strbuf_release(&error);
	}
	unit_tmpdir_remove(dir);
}

/* A server that is silent, and one that is not there. */
static void test_no_answer(void **state)
{
	char server[32];
	const char *servers[] = { server, NULL };
	struct dns_options o = {
		.servers = servers, .parallel = 4, .timeout_s = 1
	};
	static struct got got[8];
	struct dns *d;
	int fd = silent_server(server, sizeof(server));

	(void)state;
	d = new_dns(&o);
	for (size_t i = 0; i < UNIT_LEN(got); i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "n%zu.example", i);
		dns_ask(d, name, DNS_TYPE_TXT, on_answer, &got[i]);
	}
	UNIT_INT("silent", dns_run(d), 0);
	for (size_t i = 0; i < UNIT_LEN(got); i++) {
		UNIT_UINT("silent", got[i].n_calls, 1);
		UNIT_STR("silent", dns_status_word(got[i].status), "timeout");
	}
	close(fd);

	/* the same port, now closed */
	memset(got, 0, sizeof(got));
	dns_ask(d, "gone.example", DNS_TYPE_TXT, on_answer, &got[0]);
	UNIT_INT("gone", dns_run(d), 0);
	UNIT_UINT("gone", got[0].n_calls, 1);
	UNIT_TRUE("gone",
	    got[0].status == DNS_TIMEOUT || got[0].status == DNS_SERVFAIL);
	dns_free(d);
}

/* Callbacks that ask, and more questions than may be under way. */
static void test_many(void **state)
{
	char dir[64];
	char path[100];
	struct dns_options o = { .local_data = path, .parallel = 3 };
	struct chain chain = { .left = 200 };

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	write_file(path, sizeof(path), dir, local_data);
	chain.d = new_dns(&o);
	for (int i = 0; i < 20; i++) {
		dns_ask(chain.d, "x.example", DNS_TYPE_TXT, on_link, &chain);
	}
	UNIT_INT("run", dns_run(chain.d), 0);
	UNIT_UINT("answers", chain.n_nxdomain, 220);
	UNIT_INT("run again", dns_run(chain.d), 0);
	/* unanswered questions are dropped */
	dns_ask(chain.d, "y.example", DNS_TYPE_TXT, on_link, &chain);
	dns_free(chain.d);
	UNIT_UINT("dropped", chain.n_nxdomain, 220);
	dns_free(NULL);
	unit_tmpdir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_local_data),
		cmocka_unit_test(test_bad_options),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_many),
	};

	return UNIT_RUN(tests);
}
