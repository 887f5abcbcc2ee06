/* SPDX-License-Identifier: BSD-2-Clause */
/* operator.c - mails to the operator of this site */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/log.h"
#include "common/when.h"
#include "reporter/operator.h"
#include "send/mailer.h"

enum {
	MESSAGE_MAX = 2 * OPERATOR_BODY_MAX
};

bool operator_may_tell(struct daily_env *env, int64_t day, const char *word)
{
	bool is_new = false;
	int rc;

	if (env->conf->operator_to == NULL || env->ledger == NULL) {
		return false;
	}
	rc = ledger_tell(env->ledger, day, word, &is_new);
	if (rc == 0) {
		/* before it is sent: rather not at all than twice */
		rc = ledger_commit(env->ledger);
	}
	if (rc != 0) {
		(void)daily_ledger_failed(env, rc);
	}
	if (rc == 0 && is_new) {
		step_at(env->step, "operator-noted");
	}
	return rc == 0 && is_new;
}

/* A line, cut, and with nothing in it that is no ASCII. */
static void add_line(struct strbuf *out, struct view line)
{
	bool is_cut = line.len > OPERATOR_LINE;
	size_t n = is_cut ? OPERATOR_LINE - 3 : line.len;

	for (size_t i = 0; i < n; i++) {
		if (line.s[i] >= ' ' && line.s[i] <= '~') {
			strbuf_addc(out, line.s[i]);
		} else {
			strbuf_addc(out, '?');
		}
	}
	strbuf_adds(out, is_cut ? "...\r\n" : "\r\n");
}

void operator_format(const struct conf *c, const char *submitter, int64_t day,
    int64_t now, const struct operator_mail *mail, struct strbuf *out)
{
	struct view rest = view_make(mail->body->s, mail->body->len);
	char stamp[WHEN_RFC5322_BUF];
	char date[WHEN_DATE_BUF];

	strbuf_addf(out, "Date: %s\r\n", when_rfc5322(now, stamp));
	strbuf_addf(out, "From: %s\r\n", c->from);
	strbuf_addf(out, "To: %s\r\n", c->operator_to);
	strbuf_adds(out, "Subject: ");
	add_line(out, view_of(mail->subject));
	strbuf_addf(out, "Message-ID: <telltls.%s.%s.%" PRId64 "@%s>\r\n",
	    when_date(day, date), mail->word, now, submitter);
	strbuf_adds(out,
	    "Auto-Submitted: auto-generated\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=us-ascii\r\n"
	    "Content-Transfer-Encoding: 7bit\r\n\r\n");
	while (rest.len > 0) {
		size_t n = view_index(rest, '\n');

		add_line(out, view_make(rest.s, n));
		rest = view_skip(rest, n < rest.len ? n + 1 : n);
	}
}

static void send_to(struct mailer *m, struct daily_env *env, const char *word,
    const struct strbuf *message)
{
	struct attempt result;

	mailer_send(m, env->conf->envelope_from, env->conf->operator_to,
	    view_make(message->s, message->len), &result);
	if (result.end == ATTEMPT_ACCEPTED) {
		log_info("told the operator what=%s to=%s", word,
		    env->conf->operator_to);
	} else {
		log_warn("could not tell the operator what=%s to=%s "
			 "answer=\"%s\"",
		    word, env->conf->operator_to, result.answer);
	}
}

/* Formats and signs, as reports are: the site's own filters may want it. */
static int make_message(struct daily_env *env, int64_t day,
    const struct operator_mail *mail, struct strbuf *out)
{
	struct strbuf plain;
	int rc = 0;

	strbuf_init(&plain, MESSAGE_MAX);
	operator_format(
	    env->conf, env->sender.submitter, day, env->now, mail, &plain);
	if (plain.failed) {
		rc = ERR_TOO_LONG;
	} else {
		rc = dkim_sign(env->dkim, view_make(plain.s, plain.len), out);
	}
	strbuf_release(&plain);
	return rc;
}

void operator_send(
    struct daily_env *env, int64_t day, const struct operator_mail *mail)
{
	struct mailer *m = NULL;
	struct strbuf message;
	struct strbuf error;
	int rc;

	strbuf_init(&message, MESSAGE_MAX);
	strbuf_init(&error, 4096);
	rc = make_message(env, day, mail, &message);
	if (rc == 0) {
		rc = mailer_open(env->conf, &m, &error);
	}
	if (rc == 0) {
		send_to(m, env, mail->word, &message);
		step_at(env->step, "operator-told");
	} else {
		log_warn("could not tell the operator what=%s: %s", mail->word,
		    error.len > 0 ? strbuf_str(&error) : err_text(rc));
	}
	mailer_close(m);
	strbuf_release(&error);
	strbuf_release(&message);
}
