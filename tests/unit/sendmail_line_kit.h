/* SPDX-License-Identifier: BSD-2-Clause */
/* sendmail_line_kit.h - tables of lines and what each says, as text */
#ifndef TESTS_UNIT_SENDMAIL_LINE_KIT_H
#define TESTS_UNIT_SENDMAIL_LINE_KIT_H

#include "common/sendmail_line.h"
#include "common/strbuf.h"
#include "tests/unit/unit.h"

#define Q "6AMBWYfV004886"

struct row {
	const char *name;
	const char *in;
	const char *want;
};

static inline void add_view(struct strbuf *b, const char *key, struct view v)
{
	if (v.len > 0) {
		strbuf_addf(b, " %s=%.*s", key, (int)v.len, v.s);
	}
}

static inline void add_flag(struct strbuf *b, const char *key, bool is_set)
{
	if (is_set) {
		strbuf_addf(b, " %s", key);
	}
}

/* The kind and all that is set. */
static inline void describe(const struct sendmail_line *l, struct strbuf *b)
{
	static const char *const kinds[] = { "other", "bad", "T", "S", "R",
		"head", "tail", "up", "verifymsg", "error", "dane-none",
		"dane-refused", "reject", "to", "ids" };

	strbuf_clear(b);
	strbuf_adds(b, kinds[l->kind]);
	if (l->kind == SENDMAIL_OTHER || l->kind == SENDMAIL_BAD) {
		return;
	}
	add_view(b, "ruleset", l->ruleset);
	add_view(b, "v", l->verify);
	add_view(b, "p", l->version);
	add_view(b, "n", l->name);
	add_view(b, "a", l->addr);
	add_view(b, "o", l->origin);
	add_flag(b, "no", l->tls_required_no);
	add_flag(b, "new", l->is_new);
	add_view(b, "h", l->host);
	add_view(b, "d", l->nexthop);
	if (l->has_sender) {
		strbuf_addf(b, " s=<%.*s>", (int)l->sender.len, l->sender.s);
	}
	add_view(b, "domain", l->domain);
	add_view(b, "text", l->text);
	add_flag(b, "closed", l->is_closed);
	add_flag(b, "timeout", l->is_timeout);
	add_view(b, "to", l->rcpts);
	add_flag(b, "more", l->has_more);
	add_view(b, "mailer", l->mailer);
	add_view(b, "ids", l->ids);
	add_flag(b, "relay", l->has_relay);
	add_flag(b, "tlsa", l->is_tlsa_error);
}

static inline void check(const struct row *table, size_t n)
{
	struct strbuf got;

	strbuf_init(&got, 1 << 20);
	for (size_t i = 0; i < n; i++) {
		struct sendmail_line l;

		sendmail_line_parse(view_of(table[i].in), &l);
		describe(&l, &got);
		UNIT_STR(table[i].name, strbuf_str(&got), table[i].want);
	}
	strbuf_release(&got);
}

#endif
