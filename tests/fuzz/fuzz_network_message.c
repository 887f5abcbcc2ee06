/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_network_message.c - any bytes as a message of the network child
 *
 * Beyond memory errors: names come out normalised, and a message that was
 * understood, written and read again, is the same.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/domain.h"
#include "common/err.h"
#include "milter/network_message.h"
#include "tests/fuzz/fuzz.h"

static bool is_of_probe(const struct network_message *m)
{
	return m->kind == NETWORK_PROBE || m->kind == NETWORK_PROBED ||
	    m->kind == NETWORK_UNPROBED;
}

static void check(const struct network_message *m)
{
	if (ip_is_known(&m->ip) != is_of_probe(m) ||
	    (is_of_probe(m) && m->mx.len == 0)) {
		abort();
	}
	if (m->kind != NETWORK_HEALTH && !domain_is_normal(m->domain)) {
		abort();
	}
	if (m->mx.len > 0 && !domain_is_normal(m->mx)) {
		abort();
	}
	if (m->since < 0 || m->again < 0 ||
	    m->content.len > POLICY_CONTENT_MAX) {
		abort();
	}
}

FUZZ_TARGET(data, size)
{
	struct network_message m;
	struct network_message again;
	struct strbuf b;
	int rc = network_message_parse(view_make((const char *)data, size), &m);

	if (rc != 0) {
		if (rc != ERR_PARSE) {
			abort();
		}
		return 0;
	}
	check(&m);
	strbuf_init(&b, NETWORK_MESSAGE_MAX);
	if (network_message_write(&m, &b) != 0 ||
	    network_message_parse(view_make(b.s, b.len), &again) != 0 ||
	    again.kind != m.kind || !view_eq(again.domain, m.domain) ||
	    !view_eq(again.mx, m.mx) ||
	    memcmp(&again.ip, &m.ip, sizeof(m.ip)) != 0 ||
	    again.since != m.since || again.again != m.again ||
	    !view_eq(again.content, m.content) ||
	    !view_eq(again.word, m.word)) {
		abort();
	}
	strbuf_release(&b);
	return 0;
}
