/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read_datagrams.c - what datagrams of libtlsrpt say, as JSON lines
 *
 * Each line of the input is one datagram. Of each come its facts, each with
 * the policy's content; then a line that tells the record, or what is wrong.
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/err.h"
#include "common/json_out.h"
#include "common/postfix_datagram.h"

static void write_reported(
    struct json_out *j, const struct postfix_reported *reported)
{
	const struct fact *f = &reported->fact;
	char ip[IP_TEXT_MAX];

	json_out_begin(j);
	json_out_text(j, "kind", view_of("fact"));
	json_out_text(j, "domain", f->domain);
	json_out_text(j, "mx", f->mx);
	json_out_text(j, "ip", view_of(ip_format(&f->ip, ip)));
	json_out_text(j, "sending_ip", view_of(ip_format(&f->sending_ip, ip)));
	json_out_text(j, "helo", f->helo);
	json_out_text(j, "tls", view_of(fact_tls_word(f->tls)));
	json_out_text(j, "reason", f->reason);
	json_out_text(j, "chain", view_of(fact_chain_word(f->chain)));
	json_out_text(j, "name", view_of(fact_name_word(f->name)));
	json_out_text(j, "dane", view_of(fact_dane_word(f->dane)));
	json_out_json(j, "verdict", f->verdict, "[]");
	json_out_text(j, "policy_mx", reported->policy.mx);
	json_out_json(j, "policy", reported->policy.content, "null");
	(void)json_out_end(j, stdout);
}

static void read_datagram(struct json_out *j, struct view text, struct arena *a)
{
	struct postfix_datagram d;
	int rc = postfix_datagram_parse(text, 0, a, &d);

	for (size_t i = 0; i < d.n; i++) {
		write_reported(j, &d.reported[i]);
	}
	json_out_begin(j);
	json_out_text(j, "kind", view_of("end"));
	json_out_text(j, "error", view_of(rc != 0 ? err_text(rc) : ""));
	json_out_text(j, "record", d.record);
	(void)json_out_end(j, stdout);
}

int main(void)
{
	struct arena *a = arena_new();
	struct json_out j;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	json_out_init(&j);
	while ((n = getline(&line, &size, stdin)) > 0) {
		n -= line[n - 1] == '\n' ? 1 : 0;
		read_datagram(&j, view_make(line, (size_t)n), a);
		arena_reset(a);
	}
	free(line);
	json_out_release(&j);
	arena_free(a);
	return 0;
}
