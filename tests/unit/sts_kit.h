/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sts_kit.h - plays steps on one row of lookup/sts_state.h: "look RECORD" is a
 * look at a record, "got WHAT" the end of a fetch
 */
#ifndef TESTS_UNIT_STS_KIT_H
#define TESTS_UNIT_STS_KIT_H

#include "lookup/sts_state.h"
#include "tests/unit/unit.h"

enum {
	NOW = 1790000000
};

#define HOUR ((int64_t)3600)
#define DAY  (24 * HOUR)

#define POLICY(mode, age) \
 "version: STSv1\r\nmode: " mode "\r\nmx: mx.d.example\r\nmax_age: " age "\r\n"

static const struct {
	const char *name;
	const char *text;
} texts[] = {
	{ "p1", POLICY("enforce", "604800") },
	{ "p2", POLICY("testing", "604800") },
	{ "off", POLICY("none", "604800") },
	{ "zero", POLICY("enforce", "0") },
	{ "short", POLICY("enforce", "3600") },
	{ "forever", POLICY("enforce", "9999999999") },
	{ "bad", "version: STSv2\r\nmode: enforce\r\n" },
	{ "empty", "" },
};

static inline struct view text_of(const char *name)
{
	for (size_t i = 0; i < UNIT_LEN(texts); i++) {
		if (strcmp(texts[i].name, name) == 0) {
			return view_of(texts[i].text);
		}
	}
	fail_msg("no text %s", name);
	return view_of("");
}

static inline const char *name_of(struct view text)
{
	for (size_t i = 0; i < UNIT_LEN(texts); i++) {
		if (view_is(text, texts[i].text)) {
			return texts[i].name;
		}
	}
	return "?";
}

static inline const char *kind_word(enum policy_sts kind)
{
	static const char *const words[POLICY_STS_COUNT] = {
		[POLICY_STS_UNKNOWN] = "unknown",
		[POLICY_STS_NONE] = "none",
		[POLICY_STS_FOUND] = "found",
		[POLICY_STS_FETCH_ERROR] = "fetch-error",
		[POLICY_STS_POLICY_INVALID] = "policy-invalid",
		[POLICY_STS_WEBPKI_INVALID] = "webpki-invalid",
	};

	return words[kind];
}

struct step {
	int64_t at; /* after NOW */
	const char *op;
	const char *want; /* NULL: the end of the story */
};

/* The word behind a prefix, or NULL. */
static inline const char *after(const char *op, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(op, prefix, n) == 0 ? op + n : NULL;
}

static inline struct sts_seen seen_of(const char *what)
{
	struct sts_seen seen = { .is_known = true };
	const char *id = after(what, "id-");

	seen.record.status = STS_RECORD_NONE;
	if (id != NULL) {
		seen.record.status = STS_RECORD_VALID;
		(void)snprintf(
		    seen.record.id, sizeof(seen.record.id), "%s", id);
	} else if (strcmp(what, "several") == 0) {
		seen.record.status = STS_RECORD_SEVERAL;
	} else if (strcmp(what, "syntax") == 0) {
		seen.record.status = STS_RECORD_SYNTAX;
	} else if (strcmp(what, "failed") == 0) {
		seen.is_known = false;
	} else {
		assert_string_equal(what, "none");
	}
	return seen;
}

static inline struct sts_fetched fetched_of(const char *what)
{
	struct sts_fetched f = { .kind = POLICY_STS_FOUND, .token = "" };
	const char *token;

	if ((token = after(what, "error:")) != NULL) {
		f.kind = POLICY_STS_FETCH_ERROR;
	} else if ((token = after(what, "cert:")) != NULL) {
		f.kind = POLICY_STS_WEBPKI_INVALID;
	} else if ((token = after(what, "ours:")) != NULL) {
		f.kind = POLICY_STS_UNKNOWN;
	} else {
		f.body = text_of(what);
	}
	if (token != NULL) {
		f.token = token;
	}
	return f;
}

struct player {
	struct sts_row row;
	struct arena *arena;
	char id[40]; /* of the last fetch */
	struct sts_answer answer;
	char text[300];
};

static inline void play(struct player *p, const struct step *s)
{
	enum sts_next next = STS_NEXT_ANSWER;
	const char *what = after(s->op, "look ");
	struct sts_answer *a = &p->answer;

	if (what != NULL) {
		struct sts_seen seen = seen_of(what);

		next = sts_state_look(&p->row, &seen, NOW + s->at, a);
		if (next == STS_NEXT_FETCH) {
			(void)snprintf(
			    p->id, sizeof(p->id), "%s", seen.record.id);
		}
	} else {
		struct sts_fetched f = fetched_of(after(s->op, "got "));

		sts_state_fetched(&p->row, p->id, &f, NOW + s->at, p->arena, a);
		UNIT_TRUE("kept", a->is_row_changed);
	}
	(void)snprintf(p->text, sizeof(p->text), "%s%s%s%s%s%s%s%s%s%s",
	    next == STS_NEXT_FETCH ? "fetch, " : "", kind_word(a->sts),
	    a->text.len > 0 ? " " : "", a->text.len > 0 ? name_of(a->text) : "",
	    a->reason[0] != '\0' ? " " : "", a->reason,
	    a->failed != POLICY_STS_UNKNOWN ? ", event " : "",
	    a->failed != POLICY_STS_UNKNOWN ? kind_word(a->failed) : "",
	    a->ours != NULL ? ", ours " : "", a->ours != NULL ? a->ours : "");
	if (next == STS_NEXT_ANSWER) {
		UNIT_TRUE(s->op, a->again > NOW + s->at);
		UNIT_TRUE(s->op, a->again <= NOW + s->at + STS_AGAIN_MAX_S);
	}
}

static inline void player_init(struct player *p)
{
	memset(p, 0, sizeof(*p));
	(void)snprintf(p->row.domain, sizeof(p->row.domain), "d.example");
	p->arena = arena_new();
}

#endif
