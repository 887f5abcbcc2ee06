/* SPDX-License-Identifier: BSD-2-Clause */
/* test_upload_host.c - tests of the hosts that reports go to by HTTPS */

#include "config.h"

#include "common/mem.h"
#include "send/upload_host.h"
#include "tests/unit/unit.h"

enum {
	NAME_BUF = 64
};

static void test_url(void **state)
{
	static const struct {
		const char *in;
		const char *want; /* NULL: no host */
	} table[] = {
		{ "https://a.example/x?y=1", "https://a.example:443/x?y=1" },
		{ "https://a.example", "https://a.example:443/" },
		{ "https://a.example?q", "https://a.example:443/?q" },
		{ "https://a.example#f", "https://a.example:443/" },
		{ "https://a.example/x#f?g/h", "https://a.example:443/x" },
		{ "HTTPS://A.Example./X", "https://a.example:443/X" },
		{ "https://a.example:8443/", "https://a.example:8443/" },
		{ "https://a.example:/", "https://a.example:443/" },
		{ "https://192.0.2.1/", "https://192.0.2.1:443/" },
		{ "https://192.0.2.1:1/", "https://192.0.2.1:1/" },
		{ "https://[2001:DB8::1]/", "https://[2001:db8::1]:443/" },
		{ "https://[2001:db8::1]:9/x", "https://[2001:db8::1]:9/x" },
		{ "https://a.example/../b/%2e",
		    "https://a.example:443/../b/%2e" },
		{ "https://", NULL },
		{ "https:///x", NULL },
		{ "http://a.example/", NULL },
		{ "https:/a.example/", NULL },
		{ "https://a.example:99999/", NULL },
		{ "https://a.example:x/", NULL },
		{ "https://u@a.example/", NULL },
		{ "https://u:p@a.example/", NULL },
		{ "https://a b.example/", NULL },
		{ "https://[::]/", NULL },
		{ "", NULL },
	};
	struct upload_hosts hosts;

	(void)state;
	upload_hosts_init(&hosts, false);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view url = view_of(table[i].in);
		struct upload_host *host = upload_hosts_take(&hosts, url);
		char got[UPLOAD_URL] = "";

		UNIT_BOOL(table[i].in, host != NULL, table[i].want != NULL);
		if (host != NULL) {
			UNIT_TRUE(table[i].in, upload_host_url(host, url, got));
			UNIT_STR(table[i].in, got, table[i].want);
			upload_host_put(host);
		}
	}
	upload_hosts_release(&hosts);
}

static void test_url_long(void **state)
{
	struct upload_hosts hosts;
	struct upload_host *host;
	char url[UPLOAD_URL + 1] = "https://a.example/";
	char got[UPLOAD_URL];
	size_t len = strlen(url);

	(void)state;
	upload_hosts_init(&hosts, false);
	memset(url + len, 'x', sizeof(url) - len);
	/* ":443" is added */
	host = upload_hosts_take(&hosts, view_make(url, sizeof(got) - 5));
	UNIT_BOOL("fits",
	    upload_host_url(host, view_make(url, sizeof(got) - 5), got), true);
	UNIT_UINT("its length", strlen(got), sizeof(got) - 1);
	UNIT_BOOL("too long",
	    upload_host_url(host, view_make(url, sizeof(got) - 4), got), false);
	upload_hosts_release(&hosts);
}

/* The same host is one, whatever it is written like; hosts have a bound. */
static void test_table(void **state)
{
	struct upload_hosts hosts;
	struct upload_host *first;
	char url[NAME_BUF];

	(void)state;
	upload_hosts_init(&hosts, false);
	first = upload_hosts_take(&hosts, view_of("https://a.example/1"));
	UNIT_TRUE("the same",
	    upload_hosts_take(&hosts, view_of("HTTPS://A.example.:443")) ==
		first);
	UNIT_TRUE("another port",
	    upload_hosts_take(&hosts, view_of("https://a.example:444/")) !=
		first);
	UNIT_UINT("open", first->n_open, 2);
	for (unsigned i = 0; i < 2 * UPLOAD_HOSTS; i++) {
		(void)snprintf(url, sizeof(url), "https://h%u.example/", i);
		upload_host_put(upload_hosts_take(&hosts, view_of(url)));
	}
	UNIT_TRUE("bounded", hosts.n <= UPLOAD_HOSTS);
	UNIT_TRUE("what is open stays",
	    upload_hosts_take(&hosts, view_of("https://a.example/")) == first);
	upload_hosts_release(&hosts);
}

static void test_dead(void **state)
{
	struct upload_hosts hosts;
	struct upload_host *host;

	(void)state;
	upload_hosts_init(&hosts, false);
	host = upload_hosts_take(&hosts, view_of("https://8.8.8.8/"));
	host->state = UPLOAD_HOST_FOUND;
	for (unsigned i = 1; i < UPLOAD_HOST_DEAD; i++) {
		upload_host_missed(host, "timeout");
	}
	UNIT_INT("not yet", host->state, UPLOAD_HOST_FOUND);
	upload_host_seen(host);
	for (unsigned i = 1; i < UPLOAD_HOST_DEAD; i++) {
		upload_host_missed(host, "timeout");
	}
	UNIT_INT("nor when it was seen", host->state, UPLOAD_HOST_FOUND);
	upload_host_missed(host, "timeout");
	UNIT_INT("now", host->state, UPLOAD_HOST_FAILED);
	UNIT_INT("for a while", host->end, ATTEMPT_RETRY);
	UNIT_STR("why", host->token, "timeout");
	upload_host_put(host);
	UNIT_INT("for good", host->state, UPLOAD_HOST_FAILED);
	host = upload_hosts_take(&hosts, view_of("https://10.0.0.1/"));
	upload_host_ask(host, NULL);
	UNIT_STR("private", host->token, "dns-private-address");
	upload_host_put(host);
	UNIT_INT("asked again", host->state, UPLOAD_HOST_NEW);
	upload_hosts_release(&hosts);
}

/* The others of a host that got too many are not tried, which is no failure. */
static void test_deferred(void **state)
{
	struct upload_hosts hosts;
	struct upload_host *host;

	(void)state;
	upload_hosts_init(&hosts, false);
	host = upload_hosts_take(&hosts, view_of("https://8.8.8.8/a"));
	host->state = UPLOAD_HOST_FOUND;
	upload_host_deferred(host, "http 429");
	UNIT_INT("closed", host->state, UPLOAD_HOST_FAILED);
	UNIT_INT("put off", host->end, ATTEMPT_PUT_OFF);
	UNIT_STR("why", host->token, "http 429");
	for (unsigned i = 0; i < UPLOAD_HOST_DEAD; i++) {
		upload_host_missed(host, "timeout");
	}
	UNIT_INT("those under way change nothing", host->end, ATTEMPT_PUT_OFF);
	upload_host_put(host);
	UNIT_TRUE("the same",
	    upload_hosts_take(&hosts, view_of("https://8.8.8.8/b")) == host);
	UNIT_INT("for the run", host->state, UPLOAD_HOST_FAILED);
	upload_hosts_release(&hosts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_url_long),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_dead),
		cmocka_unit_test(test_deferred),
	};

	return UNIT_RUN(tests);
}
