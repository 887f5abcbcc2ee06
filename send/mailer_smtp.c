/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mailer_smtp.c - mails to the site's MTA by SMTP, with libcurl
 *
 * libcurl says of most refusals only that there was one. Which command was
 * refused, and how, is learned by listening to what it says and hears.
 */

#include "config.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/err.h"
#include "common/mem.h"
#include "lookup/connection.h"
#include "lookup/https.h"
#include "lookup/trust.h"
#include "send/mailer_reply.h"
#include "send/mailer_smtp.h"
#include "send/secret_file.h"

enum {
	PASSWORD_MAX = 1024,
	REPLY_MAX = 512,
	CONNECT_MS = 60000, /* some MTAs let wait before they say hello */
	QUIT_S = 10,
	MS = 1000
};

/* The command that was said last. */
enum stage {
	STAGE_HELLO, /* all up to the mail */
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_DATA,
	STAGE_TEXT /* the mail itself */
};

/* The server closes the connection (RFC 5321 3.8). */
#define CLOSING "421"

/* The mail is (RFC 1870 6.1). */
#define TOO_LARGE "552"

struct mailer_smtp {
	const struct conf *conf; /* borrowed */
	CURL *easy;
	bool is_started; /* libcurl is */
	char *password;  /* NULL: none */
	struct curl_slist *to;
	/* of the mail that is being sent: */
	struct view left;
	bool is_over;
	enum stage stage;
	enum stage said; /* the stage that reply belongs to */
	char reply[REPLY_MAX];
};

/*
 * What libcurl calls.
 */

static size_t on_text_wanted(char *buf, size_t size, size_t n, void *ctx)
{
	struct mailer_smtp *m = ctx;
	size_t len = size * n;

	if (len > m->left.len) {
		len = m->left.len;
	}
	if (len > 0) {
		memcpy(buf, m->left.s, len);
	}
	m->left = view_skip(m->left, len);
	return len;
}

static void on_command(struct mailer_smtp *m, struct view line)
{
	static const struct {
		const char *verb;
		enum stage stage;
	} table[] = {
		{ "MAIL ", STAGE_MAIL },
		{ "RCPT ", STAGE_RCPT },
		{ "DATA", STAGE_DATA },
	};

	/* which it says when all is over, whatever came before */
	m->is_over = m->is_over || view_starts(line, "QUIT");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (view_starts(line, table[i].verb)) {
			m->stage = table[i].stage;
		}
	}
}

static void on_reply(struct mailer_smtp *m, struct view line)
{
	while (line.len > 0 && ascii_is_one_of(line.s[line.len - 1], "\r\n ")) {
		line.len--;
	}
	if (m->is_over || line.len == 0) {
		return;
	}
	if (line.len >= sizeof(m->reply)) {
		line.len = sizeof(m->reply) - 1;
	}
	memcpy(m->reply, line.s, line.len);
	m->reply[line.len] = '\0';
	m->said = m->stage;
	if (m->stage == STAGE_DATA && line.s[0] == '3') {
		m->stage = STAGE_TEXT;
	}
}

static int on_talk(
    CURL *easy, curl_infotype type, char *data, size_t len, void *ctx)
{
	struct mailer_smtp *m = ctx;

	(void)easy;
	if (type == CURLINFO_HEADER_OUT) {
		on_command(m, view_make(data, len));
	} else if (type == CURLINFO_HEADER_IN) {
		on_reply(m, view_make(data, len));
	}
	return 0;
}

/*
 * Opening.
 */

/* An option that is not taken is as bad as no memory: nothing is left out. */
#define SET(option, value) \
 (ok = ok && curl_easy_setopt(m->easy, (option), (value)) == CURLE_OK)

static bool set_server(struct mailer_smtp *m)
{
	const struct conf *c = m->conf;
	long ms = (long)c->mail.timeout_s * MS;
	char url[DOMAIN_BUF + 32];
	bool ok = snprintf(url, sizeof(url), "%s://%s",
		      c->mail.tls == CONF_MAIL_WRAPPED ? "smtps" : "smtp",
		      c->mail.server) < (int)sizeof(url);

	SET(CURLOPT_URL, url);
	SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	SET(CURLOPT_PROXY, ""); /* not even one of the environment */
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT_MS, ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, ms < CONNECT_MS ? ms : (long)CONNECT_MS);
	/* also for the answer to QUIT, which no other limit is for */
	SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)c->mail.timeout_s);
	SET(CURLOPT_UPLOAD, 1L);
	SET(CURLOPT_READFUNCTION, on_text_wanted);
	SET(CURLOPT_READDATA, m);
	SET(CURLOPT_VERBOSE, 1L);
	SET(CURLOPT_DEBUGFUNCTION, on_talk);
	SET(CURLOPT_DEBUGDATA, m);
	return ok;
}

static bool set_security(struct mailer_smtp *m)
{
	static const long use[] = {
		[CONF_MAIL_NONE] = CURLUSESSL_NONE,
		[CONF_MAIL_MAY] = CURLUSESSL_TRY,
		[CONF_MAIL_REQUIRE] = CURLUSESSL_ALL,
		[CONF_MAIL_WRAPPED] = CURLUSESSL_ALL,
	};
	const struct conf *c = m->conf;
	bool is_verified = c->mail.tls >= CONF_MAIL_REQUIRE;
	bool ok = true;

	SET(CURLOPT_USE_SSL, use[c->mail.tls]);
	SET(CURLOPT_SSL_VERIFYPEER, is_verified ? 1L : 0L);
	SET(CURLOPT_SSL_VERIFYHOST, is_verified ? 2L : 0L);
	if (c->mail.ca_file != NULL) {
		SET(CURLOPT_CAINFO, c->mail.ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
	if (m->password != NULL) {
		SET(CURLOPT_USERNAME, c->mail.user);
		SET(CURLOPT_PASSWORD, m->password);
	}
	return ok;
}

static bool is_here(const char *server)
{
	struct view host = view_of(server);
	struct ip ip;

	host.len = view_rindex(host, ':');
	if (host.len > 2 && host.s[0] == '[') {
		host = view_make(host.s + 1, host.len - 2);
	}
	return view_is(host, "localhost") ||
	    (ip_parse(host, &ip) == 0 && ip_is_loopback(&ip));
}

static const char *read_password(struct mailer_smtp *m, const char *path)
{
	char buf[PASSWORD_MAX];
	size_t len = 0;
	const char *wrong = secret_file_read(path, buf, sizeof(buf), &len);

	while (len > 0 && ascii_is_one_of(buf[len - 1], "\r\n")) {
		len--;
	}
	if (wrong == NULL && len == 0) {
		wrong = "no password in it";
	}
	for (size_t i = 0; wrong == NULL && i < len; i++) {
		if ((unsigned char)buf[i] < ' ') {
			wrong = "more than one line";
		}
	}
	if (wrong == NULL) {
		m->password = xstrndup(buf, len);
	}
	explicit_bzero(buf, sizeof(buf));
	return wrong;
}

static int open_login(struct mailer_smtp *m, struct strbuf *error)
{
	const struct conf *c = m->conf;
	const char *wrong;

	if ((c->mail.user == NULL) != (c->mail.password_file == NULL)) {
		strbuf_adds(
		    error, "mail.user and mail.password-file go together");
		return ERR_CONFIG;
	}
	if (c->mail.user == NULL) {
		return 0;
	}
	if (c->mail.tls < CONF_MAIL_REQUIRE && !is_here(c->mail.server)) {
		strbuf_addf(error,
		    "mail.tls: a password goes to %s only with require or "
		    "wrapped",
		    c->mail.server);
		return ERR_CONFIG;
	}
	wrong = read_password(m, c->mail.password_file);
	if (wrong != NULL) {
		strbuf_addf(error, "mail.password-file: %s: %s",
		    c->mail.password_file, wrong);
		return ERR_CONFIG;
	}
	return 0;
}

int mailer_smtp_open(
    const struct conf *c, struct mailer_smtp **out, struct strbuf *error)
{
	struct mailer_smtp *m = xcalloc(1, sizeof(*m));
	int rc;

	*out = NULL;
	m->conf = c;
	rc = open_login(m, error);
	if (rc == 0) {
		rc = https_start();
		m->is_started = rc == 0;
		if (rc == ERR_CONFIG) {
			strbuf_adds(error, "libcurl is built without OpenSSL");
		}
	}
	if (rc == 0) {
		m->easy = curl_easy_init();
		rc = m->easy != NULL && set_server(m) && set_security(m) ?
		    0 :
		    -ENOMEM;
	}
	if (rc != 0) {
		mailer_smtp_close(m);
		return rc;
	}
	*out = m;
	return 0;
}

void mailer_smtp_close(struct mailer_smtp *m)
{
	if (m == NULL) {
		return;
	}
	curl_easy_cleanup(m->easy);
	curl_slist_free_all(m->to);
	if (m->is_started) {
		https_end();
	}
	if (m->password != NULL) {
		explicit_bzero(m->password, strlen(m->password));
		free(m->password);
	}
	free(m);
}

/*
 * Sending.
 */

static bool set_mail(struct mailer_smtp *m, const struct mailer_mail *mail)
{
	bool ok;

	curl_slist_free_all(m->to);
	m->to = curl_slist_append(NULL, mail->to);
	ok = m->to != NULL;
	SET(CURLOPT_MAIL_FROM, mail->from);
	SET(CURLOPT_MAIL_RCPT, m->to);
	SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)mail->message.len);
	return ok;
}

static CURLcode perform(
    struct mailer_smtp *m, const struct mailer_mail *mail, bool is_fresh)
{
	m->left = mail->message;
	m->stage = STAGE_HELLO;
	m->said = STAGE_HELLO;
	m->is_over = false;
	m->reply[0] = '\0';
	(void)curl_easy_setopt(
	    m->easy, CURLOPT_FRESH_CONNECT, is_fresh ? 1L : 0L);
	return curl_easy_perform(m->easy);
}

/* The answer to the last command; empty: none came. */
static struct view last_reply(const struct mailer_smtp *m)
{
	return view_of(m->said == m->stage ? m->reply : "");
}

/* The connection was one of before, and ended before the mail was sent. */
static bool was_stale(const struct mailer_smtp *m)
{
	struct view reply = last_reply(m);
	long connects = 1;

	(void)curl_easy_getinfo(m->easy, CURLINFO_NUM_CONNECTS, &connects);
	return connects == 0 && m->stage < STAGE_TEXT &&
	    (reply.len == 0 || view_starts(reply, CLOSING));
}

/* In words of ours, where there is no reply to tell of. */
static const char *failure(struct mailer_smtp *m, CURLcode code)
{
	static const struct {
		CURLcode code;
		const char *text;
	} table[] = {
		{ CURLE_COULDNT_RESOLVE_HOST, "no address" },
		{ CURLE_OPERATION_TIMEDOUT, "timeout" },
		{ CURLE_LOGIN_DENIED, "login refused" },
		{ CURLE_USE_SSL_FAILED, "no STARTTLS" },
		{ CURLE_SSL_CONNECT_ERROR, "tls-handshake-failure" },
		{ CURLE_SSL_CACERT_BADFILE, "mail.ca-file cannot be read" },
		{ CURLE_GOT_NOTHING, "connection-closed" },
		{ CURLE_RECV_ERROR, "connection-closed" },
		{ CURLE_SEND_ERROR, "connection-closed" },
		{ CURLE_UNSUPPORTED_PROTOCOL, "libcurl is built without SMTP" },
		{ CURLE_OUT_OF_MEMORY, "no memory" },
	};

	long detail = 0;

	if (code == CURLE_COULDNT_CONNECT) {
		(void)curl_easy_getinfo(m->easy, CURLINFO_OS_ERRNO, &detail);
		return connection_token(-(int)detail);
	}
	if (code == CURLE_PEER_FAILED_VERIFICATION) {
		(void)curl_easy_getinfo(
		    m->easy, CURLINFO_SSL_VERIFYRESULT, &detail);
		return detail != 0 && trust_token(detail) != NULL ?
		    trust_token(detail) :
		    "certificate-host-mismatch";
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (code == table[i].code) {
			return table[i].text;
		}
	}
	return "internal";
}

/*
 * Is it this mail that is not taken? The others may be: what it says of us, it
 * says before the text.
 */
static bool is_this_mail(const struct mailer_smtp *m, struct view reply)
{
	return (m->stage == STAGE_TEXT && view_starts(reply, "5")) ||
	    (m->stage == STAGE_MAIL && view_starts(reply, TOO_LARGE));
}

static void judge(struct mailer_smtp *m, CURLcode code, struct attempt *out)
{
	static const char *const stages[] = { "connect", "mail from", "rcpt to",
		"data", "text" };
	enum attempt_end end = ATTEMPT_OURS;
	struct view reply = last_reply(m);
	char text[REPLY_MAX + 32];

	if (code == CURLE_OK) {
		attempt_set(out, ATTEMPT_ACCEPTED, reply);
		return;
	}
	if (m->stage == STAGE_RCPT && code != CURLE_OPERATION_TIMEDOUT) {
		end = mailer_reply_end(reply);
	}
	if (end != ATTEMPT_OURS) {
		attempt_set(out, end, reply);
		return;
	}
	(void)snprintf(text, sizeof(text), "%s: %s", stages[m->stage],
	    reply.len > 0 && (reply.s[0] == '4' || reply.s[0] == '5') ?
		reply.s :
		failure(m, code));
	attempt_set(out, is_this_mail(m, reply) ? ATTEMPT_THIS : ATTEMPT_OURS,
	    view_of(text));
}

void mailer_smtp_send(
    struct mailer_smtp *m, const struct mailer_mail *mail, struct attempt *out)
{
	CURLcode code;

	if (!set_mail(m, mail)) {
		attempt_set(out, ATTEMPT_OURS, view_of("no memory"));
		return;
	}
	code = perform(m, mail, false);
	if (code != CURLE_OK && was_stale(m)) {
		code = perform(m, mail, true);
	}
	judge(m, code, out);
}
