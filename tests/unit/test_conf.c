/* SPDX-License-Identifier: BSD-2-Clause */
/* test_conf.c - tests of the configuration */

#include "config.h"

#include <dirent.h>

#include "common/conf.h"
#include "common/err.h"
#include "common/judge.h"
#include "common/local_policy.h"
#include "common/mem.h"
#include "common/strbuf.h"
#include "tests/unit/unit.h"

enum {
	PATH_BUF = 1024,
	ERROR_MAX = 1 << 20,
};

static int parse(struct conf *c, const char *text, struct strbuf *error)
{
	strbuf_init(error, ERROR_MAX);
	conf_init(c);
	return conf_parse(c, "t.yaml", text, strlen(text), error);
}

static void read_file(const char *name, struct strbuf *out)
{
	char path[PATH_BUF];
	char buf[4096];
	FILE *stream;
	size_t n;

	unit_src_path(path, sizeof(path), name);
	stream = fopen(path, "rb");
	if (stream == NULL) {
		fail_msg("%s: %s", path, strerror(errno));
	}
	strbuf_init(out, 16 << 20);
	while ((n = fread(buf, 1, sizeof(buf), stream)) > 0) {
		strbuf_add(out, buf, n);
	}
	(void)fclose(stream);
}

static void check_send_defaults(const struct conf *c)
{
	UNIT_UINT("mail.via", c->mail.via, CONF_MAIL_SENDMAIL);
	UNIT_STR("mail.command", c->mail.command, "/usr/sbin/sendmail");
	UNIT_STR("mail.server", c->mail.server, "localhost:25");
	UNIT_UINT("mail.tls", c->mail.tls, CONF_MAIL_MAY);
	UNIT_STR("mail.user", c->mail.user, NULL);
	UNIT_STR("mail.password-file", c->mail.password_file, NULL);
	UNIT_STR("mail.ca-file", c->mail.ca_file, NULL);
	UNIT_UINT("mail.timeout", c->mail.timeout_s, 300);
	UNIT_UINT("https.verify", c->https.verify, CONF_HTTPS_PREFER);
	UNIT_STR("https.ca-file", c->https.ca_file, NULL);
	UNIT_BOOL("https.allow-private", c->https.allow_private, false);
	UNIT_UINT("https.timeout", c->https.timeout_s, 60);
}

static void test_defaults(void **state)
{
	struct conf c;

	(void)state;
	conf_init(&c);
	UNIT_STR("organization", c.organization, NULL);
	UNIT_STR("contact", c.contact, NULL);
	UNIT_STR("site", c.site, NULL);
	UNIT_STR("from", c.from, NULL);
	UNIT_STR("envelope-from", c.envelope_from, NULL);
	UNIT_UINT("recipient-delimiter", c.recipient_delimiter, 0);
	UNIT_STR("operator", c.operator_to, NULL);
	UNIT_BOOL("digest", c.digest, false);
	UNIT_STR("state", c.state, "/var/lib/telltls");
	UNIT_UINT("feeds", c.n_feeds, 0);
	UNIT_STR(
	    "milter.socket", c.milter.socket, "unix:/run/telltls/milter.sock");
	UNIT_STR("milter.group", c.milter.group, NULL);
	UNIT_UINT("milter.mode", c.milter.mode, 0660);
	UNIT_UINT("tally.facts", c.tally.facts, 1000000);
	UNIT_UINT("tally.facts-per-domain", c.tally.facts_per_domain, 1000);
	UNIT_TRUE("dns.servers", c.dns.servers == NULL);
	UNIT_STR("dns.local-data", c.dns.local_data, NULL);
	UNIT_STR("dns.trust-anchor", c.dns.trust_anchor, NULL);
	UNIT_BOOL("dns.recursion", c.dns.recursion, false);
	UNIT_UINT("dns.parallel", c.dns.parallel, 200);
	UNIT_UINT("dns.timeout", c.dns.timeout_s, 30);
	UNIT_STR("metrics.file", c.metrics.file, NULL);
	UNIT_UINT("report.retry", c.report.retry_s, 86400);
	UNIT_TRUE("report.exclude", c.report.exclude == NULL);
	UNIT_BOOL("policies.lookup", c.policies.lookup, true);
	UNIT_UINT("probe", c.probe, CONF_PROBE_OFF);
	UNIT_STR("policies.local", c.policies.local, NULL);
	UNIT_STR("mta-sts.ca-file", c.mta_sts.ca_file, NULL);
	UNIT_BOOL("mta-sts.allow-private", c.mta_sts.allow_private, false);
	UNIT_STR("report.rules", c.report.rules, NULL);
	UNIT_BOOL("report.sending-mta-ip", c.report.sending_mta_ip, true);
	UNIT_UINT("report.count", c.report.count, JUDGE_GOVERNING);
	check_send_defaults(&c);
	conf_release(&c);
}

static void check_full(const struct conf *c)
{
	UNIT_STR("organization", c->organization,
	    "Example: \xc3\x9cn\xc3\xaf"
	    "code GmbH");
	UNIT_STR("contact", c->contact, "tlsrpt@example.org");
	UNIT_STR("site", c->site, "mx-1.Example_a");
	UNIT_STR("from", c->from, "reports+tls@example.org");
	UNIT_STR("envelope-from", c->envelope_from, "bounces@example.org");
	UNIT_UINT("recipient-delimiter", c->recipient_delimiter, 2);
	UNIT_STR("operator", c->operator_to, "postmaster@example.net");
	UNIT_BOOL("digest", c->digest, true);
	UNIT_STR("state", c->state, "/srv/telltls");
	UNIT_STR("run", c->run, "/srv/run");
	UNIT_STR("user", c->user, "tls.rpt");
	UNIT_STR("group 0", c->groups[0], "adm");
	UNIT_STR("group 1", c->groups[1], NULL);
	UNIT_UINT("feeds", c->n_feeds, 2);
	UNIT_STR("name 0", c->feed[0].name, "mx1");
	UNIT_STR("mta 0", c->feed[0].mta, "postfix");
	UNIT_STR("file 0", c->feed[0].file, "/var/log/mail.log");
	UNIT_STR("ident 0", c->feed[0].idents[0], "sm-mta");
	UNIT_STR("ident 1", c->feed[0].idents[1], "sendmail-*");
	UNIT_STR("ident 2", c->feed[0].idents[2], NULL);
	UNIT_STR("socket 0", c->feed[0].socket,
	    "/var/spool/postfix/telltls/tlsrpt.sock");
	UNIT_STR("group 0", c->feed[0].group, "postfix");
	UNIT_UINT("keep-invalid 0", c->feed[0].keep_invalid, 5);
	UNIT_STR("socket 1", c->feed[1].socket, NULL);
	UNIT_UINT("keep-invalid 1", c->feed[1].keep_invalid, 0);
	UNIT_BOOL("callouts 0", c->feed[0].callouts, true);
	UNIT_STR("name 1", c->feed[1].name, "sendmail");
	UNIT_BOOL("callouts 1", c->feed[1].callouts, false);
	UNIT_BOOL("bare-addresses 0", c->feed[0].bare_addresses, true);
	UNIT_BOOL("bare-addresses 1", c->feed[1].bare_addresses, false);
	UNIT_STR("file 1", c->feed[1].file, NULL);
	UNIT_STR("journal 0", c->feed[0].journal, NULL);
	UNIT_STR("journal 1", c->feed[1].journal, "/var/log/journal/remote");
	UNIT_TRUE("idents 1", c->feed[1].idents == NULL);
	UNIT_STR("milter.socket", c->milter.socket, "inet6:8899@[::1]");
	UNIT_STR("milter.group", c->milter.group, "postfix");
	UNIT_UINT("milter.mode", c->milter.mode, 0600);
	UNIT_UINT("tally.facts", c->tally.facts, 1000);
	UNIT_UINT("tally.facts-per-domain", c->tally.facts_per_domain, 1000000);
	UNIT_STR("server 0", c->dns.servers[0], "127.0.0.1@5353");
	UNIT_STR("server 1", c->dns.servers[1], "2001:db8::1");
	UNIT_STR("server 2", c->dns.servers[2], "192.0.2.1");
	UNIT_STR("server 3", c->dns.servers[3], NULL);
	UNIT_STR("dns.local-data", c->dns.local_data, "/tmp/zone");
	UNIT_STR("dns.trust-anchor", c->dns.trust_anchor, "/tmp/anchor");
	UNIT_BOOL("dns.recursion", c->dns.recursion, true);
	UNIT_UINT("dns.parallel", c->dns.parallel, 10000);
	UNIT_UINT("dns.timeout", c->dns.timeout_s, 600);
	UNIT_BOOL("policies.lookup", c->policies.lookup, false);
	UNIT_UINT("probe", c->probe, CONF_PROBE_POLICY_DOMAINS);
	UNIT_STR("policies.local", c->policies.local, "/dev/null");
	UNIT_STR("mta-sts.ca-file", c->mta_sts.ca_file, "/tmp/roots.pem");
	UNIT_BOOL("mta-sts.allow-private", c->mta_sts.allow_private, true);
	UNIT_UINT("dkim.keys", c->dkim.n_keys, 2);
	UNIT_STR("selector 0", c->dkim.key[0].selector, "tlsrpt2026");
	UNIT_STR("file 0", c->dkim.key[0].file, "/etc/telltls/rsa.pem");
	UNIT_STR("selector 1", c->dkim.key[1].selector, "2026.tls");
	UNIT_STR("file 1", c->dkim.key[1].file, "/etc/telltls/ed25519.pem");
	UNIT_STR("metrics.file", c->metrics.file, "/srv/telltls.prom");
	UNIT_UINT("report.retry", c->report.retry_s, 604800);
	UNIT_STR("exclude 0", c->report.exclude[0], "example.net");
	UNIT_STR("exclude 1", c->report.exclude[1], "xn--mnchen-3ya.example");
	UNIT_STR("exclude 2", c->report.exclude[2], NULL);
	UNIT_STR("report.rules", c->report.rules, "/srv/rules");
	UNIT_BOOL("report.sending-mta-ip", c->report.sending_mta_ip, false);
	UNIT_UINT("report.count", c->report.count, JUDGE_ALL);
}

static void check_full_send(const struct conf *c)
{
	UNIT_UINT("mail.via", c->mail.via, CONF_MAIL_SMTP);
	UNIT_STR("mail.command", c->mail.command, "/tmp/sendmail");
	UNIT_STR("mail.server", c->mail.server, "[2001:db8::1]:587");
	UNIT_UINT("mail.tls", c->mail.tls, CONF_MAIL_WRAPPED);
	UNIT_STR("mail.user", c->mail.user, "reports@example.org");
	UNIT_STR("mail.password-file", c->mail.password_file, "/tmp/password");
	UNIT_STR("mail.ca-file", c->mail.ca_file, "/tmp/mail.pem");
	UNIT_UINT("mail.timeout", c->mail.timeout_s, 3600);
	UNIT_UINT("https.verify", c->https.verify, CONF_HTTPS_REQUIRE);
	UNIT_STR("https.ca-file", c->https.ca_file, "/tmp/https.pem");
	UNIT_BOOL("https.allow-private", c->https.allow_private, true);
	UNIT_UINT("https.timeout", c->https.timeout_s, 1);
}

/* Every key of the table set to another value than its default, but
   dkim.elsewhere: it is true without keys only. */
static void test_full(void **state)
{
	struct strbuf error;
	struct conf c;
	char path[PATH_BUF];

	(void)state;
	unit_src_path(path, sizeof(path), "data/conf/good/full.yaml");
	strbuf_init(&error, ERROR_MAX);
	conf_init(&c);
	UNIT_INT("full", conf_read(&c, path, &error), 0);
	UNIT_STR("full", strbuf_str(&error), "");
	check_full(&c);
	check_full_send(&c);
	conf_release(&c);
	strbuf_release(&error);
}

/* What one file gives, against what lies beside it. */
static void check_file(const char *dir, const char *file)
{
	char name[PATH_BUF];
	struct strbuf text;
	struct strbuf want;
	struct strbuf error;
	struct conf c;
	bool is_bad = strcmp(dir, "bad") == 0;

	(void)snprintf(name, sizeof(name), "data/conf/%s/%s", dir, file);
	read_file(name, &text);
	strbuf_init(&want, ERROR_MAX);
	if (is_bad) {
		(void)snprintf(name, sizeof(name), "data/conf/%s/%.*s.want",
		    dir, (int)(strlen(file) - 5), file);
		read_file(name, &want);
	}
	strbuf_init(&error, ERROR_MAX);
	conf_init(&c);
	UNIT_INT(file,
	    conf_parse(&c, file, strbuf_str(&text), text.len, &error),
	    is_bad ? ERR_CONFIG : 0);
	UNIT_STR(file, strbuf_str(&error), strbuf_str(&want));
	conf_release(&c);
	strbuf_release(&error);
	strbuf_release(&want);
	strbuf_release(&text);
}

static void check_dir(const char *dir, unsigned at_least)
{
	char path[PATH_BUF];
	char name[32];
	unsigned n = 0;
	struct dirent *entry;
	DIR *d;

	(void)snprintf(name, sizeof(name), "data/conf/%s", dir);
	unit_src_path(path, sizeof(path), name);
	d = opendir(path);
	if (d == NULL) {
		fail_msg("%s: %s", path, strerror(errno));
	}
	while ((entry = readdir(d)) != NULL) {
		size_t len = strlen(entry->d_name);

		if (len > 5 && strcmp(entry->d_name + len - 5, ".yaml") == 0) {
			check_file(dir, entry->d_name);
			n++;
		}
	}
	(void)closedir(d);
	UNIT_TRUE(dir, n >= at_least);
}

static void test_good_files(void **state)
{
	(void)state;
	check_dir("good", 9);
}

static void test_bad_files(void **state)
{
	(void)state;
	check_dir("bad", 50);
}

/* Writes "key: value" as the key's path wants it. */
static void write_key(const char *path, const char *value, struct strbuf *out)
{
	const char *dot = strchr(path, '.');

	strbuf_clear(out);
	if (strncmp(path, "feeds[].", 8) == 0) {
		strbuf_addf(out, "feeds: [{%s%s: %s}]\n",
		    strcmp(dot + 1, "mta") == 0 ? "" : "mta: sendmail, ",
		    dot + 1, value);
	} else if (dot != NULL) {
		strbuf_addf(out, "%.*s:\n  %s: %s\n", (int)(dot - path), path,
		    dot + 1, value);
	} else {
		strbuf_addf(out, "%s: %s\n", path, value);
	}
}

static bool is_taken(const char *path, const char *value)
{
	struct strbuf text;
	struct strbuf error;
	struct conf c;
	int rc;

	strbuf_init(&text, ERROR_MAX);
	write_key(path, value, &text);
	rc = parse(&c, strbuf_str(&text), &error);
	conf_release(&c);
	strbuf_release(&error);
	strbuf_release(&text);
	return rc == 0;
}

/* The bounds of each key that is a number or a time. */
static void test_bounds(void **state)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		static const int around[] = { -1, 0, 1 };

		if (keys[i].type != CONF_NUMBER &&
		    keys[i].type != CONF_DURATION) {
			continue;
		}
		for (size_t k = 0; k < UNIT_LEN(around); k++) {
			char value[32];
			int d = around[k];

			(void)snprintf(value, sizeof(value), "%jd",
			    (intmax_t)keys[i].min + d);
			UNIT_BOOL(keys[i].path, is_taken(keys[i].path, value),
			    d >= 0);
			(void)snprintf(value, sizeof(value), "%jd",
			    (intmax_t)keys[i].max + d);
			UNIT_BOOL(keys[i].path, is_taken(keys[i].path, value),
			    d <= 0);
		}
	}
}

static void check_value(const char *path, const char *value, bool want)
{
	char name[128];

	(void)snprintf(name, sizeof(name), "%s %s", path, value);
	UNIT_BOOL(name, is_taken(path, value), want);
}

static void test_values(void **state)
{
	static const struct {
		const char *path;
		const char *value;
		bool want;
	} table[] = {
		{ "organization", "1234", true },
		{ "organization", "'null'", true },
		{ "organization", "|\n  text\n  of lines\n", false },
		{ "contact", "a@b", true },
		{ "contact", "a@m\xc3\xbcnchen.example", true },
		{ "contact", "a@", false },
		{ "contact", "'@b.example'", false },
		{ "contact", "a.@b.example", false },
		{ "contact", "\xc3\xa4@b.example", false },
		{ "site", "A-z.0_9", true },
		{ "site", "1", true },
		{ "site", "''", false },
		{ "site", "'a!b'", false },
		{ "site", "'a b'", false },
		{ "site", "\xc3\xa4", false },
		{ "from", "a!#$%&'*+-/=?^_`{|}~@b.example", true },
		{ "envelope-from", "a@b.example", true },
		{ "envelope-from", "<>", false },
		{ "recipient-delimiter", "none", true },
		{ "recipient-delimiter", "+", true },
		{ "recipient-delimiter", "'-'", true },
		{ "recipient-delimiter", "'='", true },
		{ "recipient-delimiter", "_", true },
		{ "recipient-delimiter", "'+-'", false },
		{ "recipient-delimiter", "'@'", false },
		{ "recipient-delimiter", "'.'", false },
		{ "recipient-delimiter", "' '", false },
		{ "recipient-delimiter", "a", false },
		{ "recipient-delimiter", "''", false },
		{ "state", "/", true },
		{ "feeds[].mta", "sendmail", true },
		{ "feeds[].name", "A-z.0_9", true },
		{ "feeds[].file", "/x", true },
		{ "feeds[].journal", "system", true },
		{ "feeds[].journal", "'system'", true },
		{ "feeds[].journal", "/", true },
		{ "feeds[].journal", "user", false },
		{ "feeds[].journal", "System", false },
		{ "feeds[].journal", "system/", false },
		{ "feeds[].journal", "''", false },
		{ "feeds[].journal", "[system]", false },
		{ "feeds[].idents", "[a]", true },
		{ "feeds[].idents", "[]", true },
		{ "feeds[].idents", "a", false },
		{ "dns.servers", "[127.0.0.1@65535]", true },
		{ "dns.servers", "['::1@53']", true },
		{ "dns.timeout", "10s", true },
		{ "dns.timeout", "2m", true },
		{ "dns.timeout", "'2m'", true },
		{ "dns.timeout", "2 m", false },
		{ "dns.timeout", "2M", false },
		{ "dns.timeout", "0", false },
		{ "dns.timeout", "\"\\0\"", false },
		{ "report.retry", "7d", true },
		{ "report.retry", "8d", false },
		{ "report.retry", "168h", true },
		{ "report.exclude", "[]", true },
		{ "report.sending-mta-ip", "false", true },
		{ "report.sending-mta-ip", "False", false },
		{ "report.sending-mta-ip", "no", false },
		{ "report.sending-mta-ip", "0", false },
		{ "report.count", "governing", true },
		{ "report.count", "'all'", true },
		{ "report.count", "All", false },
		{ "report.count", "''", false },
		{ "report.count", "[all]", false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		check_value(table[i].path, table[i].value, table[i].want);
	}
}

static void test_relays(void **state)
{
	static const struct {
		const char *path;
		const char *value;
		bool want;
	} table[] = {
		{ "mail.server", "mx", true },
		{ "mail.server", "mx.example", true },
		{ "mail.server", "'mx.example:587'", true },
		{ "mail.server", "192.0.2.1:25", true },
		{ "mail.server", "'[2001:db8::1]'", true },
		{ "mail.server", "'[2001:db8::1]:25'", true },
		{ "mail.server", "2001:db8::1", false },
		{ "mail.server", "'[192.0.2.1]'", false },
		{ "mail.server", "'[]:25'", false },
		{ "mail.server", "'['", false },
		{ "mail.server", "'mx.example:'", false },
		{ "mail.server", "mx.example:0", false },
		{ "mail.server", "mx.example:65536", false },
		{ "mail.server", "mx.example:smtp", false },
		{ "mail.server", "':25'", false },
		{ "mail.server", "me@mx.example", false },
		{ "mail.server", "smtp://mx.example", false },
		{ "mail.server", "mx.example/x", false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		check_value(table[i].path, table[i].value, table[i].want);
	}
}

/* A value that another key gives. */
static void test_inherited(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *from;
		const char *envelope_from;
	} table[] = {
		{ "contact", "contact: a@x.example\n", "a@x.example",
		    "a@x.example" },
		{ "from", "from: b@x.example\ncontact: a@x.example\n",
		    "b@x.example", "b@x.example" },
		{ "envelope-from",
		    "envelope-from: c@x.example\ncontact: a@x.example\n",
		    "a@x.example", "c@x.example" },
		{ "none", "state: /x\n", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct strbuf error;
		struct conf c;

		UNIT_INT(table[i].name, parse(&c, table[i].text, &error), 0);
		UNIT_STR(table[i].name, c.from, table[i].from);
		UNIT_STR(
		    table[i].name, c.envelope_from, table[i].envelope_from);
		conf_release(&c);
		strbuf_release(&error);
	}
}

static void test_size(void **state)
{
	size_t size = CONF_FILE_MAX + 1;
	char *text = xmalloc(size);
	struct strbuf error;
	struct conf c;

	(void)state;
	memset(text, '#', size);
	strbuf_init(&error, ERROR_MAX);
	conf_init(&c);
	UNIT_INT("bound", conf_parse(&c, "t", text, size - 1, &error), 0);
	UNIT_INT("over", conf_parse(&c, "t", text, size, &error), ERR_CONFIG);
	UNIT_STR("over", strbuf_str(&error),
	    "t:1: a file of more than 1 MiB, expected less\n");
	/* as many values as fit: the count of nodes is bounded too */
	for (size_t i = 0; i < size; i++) {
		text[i] = i % 2 == 0 ? 'a' : ',';
	}
	text[0] = '[';
	text[1] = ' ';
	strbuf_clear(&error);
	UNIT_INT(
	    "nodes", conf_parse(&c, "t", text, size - 1, &error), ERR_CONFIG);
	UNIT_TRUE(
	    "nodes", strstr(strbuf_str(&error), "too many values") != NULL);
	conf_release(&c);
	strbuf_release(&error);
	free(text);
}

static void test_no_file(void **state)
{
	struct strbuf error;
	struct conf c;

	(void)state;
	strbuf_init(&error, ERROR_MAX);
	conf_init(&c);
	UNIT_INT(
	    "missing", conf_read(&c, "/nonexistent/t.yaml", &error), -ENOENT);
	UNIT_INT("directory", conf_read(&c, "/tmp", &error), -EISDIR);
	UNIT_STR("text", strbuf_str(&error), "");
	conf_release(&c);
	strbuf_release(&error);
}

/* A fault of the site's own policies is one of the configuration. */
static void test_local(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		int rc;
	} table[] = {
		{ "good", "dane a.example\n", 0 },
		{ "bad", "dnae a.example\n", ERR_CONFIG },
		{ "absent", NULL, ERR_CONFIG },
	};

	char folder[64];
	char path[128];
	char local[128];
	FILE *f;

	(void)state;
	unit_tmpdir_make(folder, sizeof(folder));
	(void)snprintf(path, sizeof(path), "%s/t.yaml", folder);
	(void)snprintf(local, sizeof(local), "%s/local", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fprintf(f, "policies:\n  local: %s\n", local);
	(void)fclose(f);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct strbuf error;
		struct conf c;

		(void)unlink(local);
		if (table[i].text != NULL) {
			f = fopen(local, "w");
			assert_non_null(f);
			(void)fputs(table[i].text, f);
			(void)fclose(f);
		}
		strbuf_init(&error, ERROR_MAX);
		conf_init(&c);
		UNIT_INT(
		    table[i].name, conf_read(&c, path, &error), table[i].rc);
		UNIT_BOOL(table[i].name,
		    strstr(strbuf_str(&error), local) != NULL,
		    table[i].rc != 0);
		UNIT_UINT(table[i].name,
		    local_policy_of(c.local, view_of("a.example")),
		    table[i].rc == 0 ? LOCAL_POLICY_DANE : 0);
		conf_release(&c);
		strbuf_release(&error);
	}
	unit_tmpdir_remove(folder);
}

static void test_check_reports(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *want;
	} table[] = {
		{ "good", "organization: A\ncontact: a@x.example\n", "" },
		{ "all",
		    "organization: A\ncontact: a@x.example\n"
		    "from: b@X.example.\nenvelope-from: c@x.example\n",
		    "" },
		{ "nothing", "",
		    "t.yaml: organization is missing, expected your name as "
		    "it is to stand in reports\n"
		    "t.yaml: contact is missing, expected a mail address "
		    "where receivers of reports can ask\n" },
		{ "no contact", "organization: A\nfrom: a@x.example\n",
		    "t.yaml: contact is missing, expected a mail address "
		    "where receivers of reports can ask\n" },
		{ "no organization", "contact: a@x.example\n",
		    "t.yaml: organization is missing, expected your name as "
		    "it is to stand in reports\n" },
		{ "digest",
		    "organization: A\ncontact: a@x.example\n"
		    "digest: true\noperator: me@y.example\n",
		    "" },
		{ "digest to nobody",
		    "organization: A\ncontact: a@x.example\n"
		    "digest: true\n",
		    "t.yaml: operator is missing, expected the mail address "
		    "that the digest goes to\n" },
		{ "two domains",
		    "organization: A\ncontact: a@x.example\n"
		    "from: b@sub.x.example\nenvelope-from: c@y.example\n",
		    "t.yaml: from is in the domain sub.x.example, expected "
		    "x.example, the domain of contact\n"
		    "t.yaml: envelope-from is in the domain y.example, "
		    "expected x.example, the domain of contact\n" },
		{ "room for a token",
		    "organization: A\nrecipient-delimiter: +\n"
		    "contact: a234567890123456789012345678901@x.example\n",
		    "" },
		{ "no room for a token",
		    "organization: A\nrecipient-delimiter: +\n"
		    "contact: a2345678901234567890123456789012@x.example\n",
		    "t.yaml: the local part of envelope-from is longer than "
		    "31 octets, expected no more with a recipient-delimiter, "
		    "which needs room\n" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct strbuf error;
		struct conf c;

		UNIT_INT(table[i].name, parse(&c, table[i].text, &error), 0);
		UNIT_INT(table[i].name,
		    conf_check_reports(&c, "t.yaml", &error),
		    table[i].want[0] == '\0' ? 0 : ERR_CONFIG);
		UNIT_STR(table[i].name, strbuf_str(&error), table[i].want);
		conf_release(&c);
		strbuf_release(&error);
	}
}

static void test_check_dkim(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		bool is_good;
	} table[] = {
		{ "nothing", "", false },
		{ "false", "dkim:\n  elsewhere: false\n", false },
		{ "elsewhere", "dkim:\n  elsewhere: true\n", true },
		{ "a key",
		    "dkim:\n  keys:\n    - selector: a\n      file: /a\n",
		    true },
		{ "an empty list", "dkim:\n  keys: []\n", false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct strbuf error;
		struct conf c;

		UNIT_INT(table[i].name, parse(&c, table[i].text, &error), 0);
		UNIT_INT(table[i].name, conf_check_dkim(&c, "t.yaml", &error),
		    table[i].is_good ? 0 : ERR_CONFIG);
		UNIT_BOOL(table[i].name,
		    strncmp(strbuf_str(&error), "t.yaml: dkim is missing,",
			24) == 0,
		    !table[i].is_good);
		conf_release(&c);
		strbuf_release(&error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_good_files),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_relays),
		cmocka_unit_test(test_inherited),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_check_reports),
		cmocka_unit_test(test_check_dkim),
	};

	return UNIT_RUN(tests);
}
