/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_given.c - reads the datagrams of libtlsrpt
 *
 * By tables with a row for each member: it may come once in its object, in any
 * order, and members without a row are passed over.
 */

#include "config.h"

#include <stdbool.h>
#include <string.h>

#include "common/err.h"
#include "common/json_in.h"
#include "common/postfix_datagram.h"
#include "common/postfix_given.h"

/* Where the reader stands, and whether a bound was hit. */
struct reader {
	struct json_in in; /* first */
	bool is_full;
};

/* A member: it is read into the object at an offset. */
struct member {
	const char *name;
	void (*read)(struct reader *r, void *out);
	size_t offset;
	bool is_needed;
};

static void set_full(struct reader *r)
{
	r->is_full = true;
	json_in_fail(&r->in);
}

/* Reads an object by its table of members. */
static void read_object(
    struct reader *r, const struct member *members, size_t n, void *out)
{
	uint32_t seen = 0;
	struct view name;

	json_in_open_object(&r->in);
	while (json_in_member(&r->in, &name)) {
		size_t i = 0;

		while (i < n && !view_is(name, members[i].name)) {
			i++;
		}
		if (i == n) {
			json_in_skip(&r->in);
		} else if ((seen & UINT32_C(1) << i) != 0) {
			json_in_fail(&r->in);
		} else {
			seen |= UINT32_C(1) << i;
			members[i].read(r, (char *)out + members[i].offset);
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (members[i].is_needed && (seen & UINT32_C(1) << i) == 0) {
			json_in_fail(&r->in);
		}
	}
}

static void read_text(struct reader *r, void *out)
{
	*(struct view *)out = json_in_string(&r->in);
}

static void read_number(struct reader *r, void *out)
{
	*(uint32_t *)out = json_in_number(&r->in);
}

static void read_texts(struct reader *r, void *out)
{
	struct postfix_given_texts *texts = out;

	json_in_open_array(&r->in);
	while (json_in_element(&r->in)) {
		if (texts->n == POSTFIX_DATAGRAM_TEXTS) {
			set_full(r);
			return;
		}
		if (texts->n == texts->cap) {
			size_t cap = texts->cap == 0 ? 8 : texts->cap * 2;
			struct view *more =
			    arena_alloc(r->in.arena, cap * sizeof(*more));

			if (texts->n > 0) {
				memcpy(more, texts->text,
				    texts->n * sizeof(*more));
			}
			texts->text = more;
			texts->cap = cap;
		}
		texts->text[texts->n++] = json_in_string(&r->in);
	}
}

static void read_failures(struct reader *r, void *out)
{
	static const struct member members[] = {
		{ "c", read_number,
		    offsetof(struct postfix_given_failure, code), true },
		{ "s", read_text,
		    offsetof(struct postfix_given_failure, sending_ip), false },
		{ "n", read_text, offsetof(struct postfix_given_failure, mx),
		    false },
		{ "h", read_text, offsetof(struct postfix_given_failure, helo),
		    false },
		{ "r", read_text, offsetof(struct postfix_given_failure, ip),
		    false },
		{ "f", read_text,
		    offsetof(struct postfix_given_failure, detail), false },
	};

	struct postfix_given_failures *list = out;

	list->failure = arena_alloc(
	    r->in.arena, POSTFIX_DATAGRAM_FAILURES * sizeof(*list->failure));
	json_in_open_array(&r->in);
	while (json_in_element(&r->in)) {
		if (list->n == POSTFIX_DATAGRAM_FAILURES) {
			set_full(r);
			return;
		}
		read_object(r, members, sizeof(members) / sizeof(members[0]),
		    &list->failure[list->n++]);
	}
}

static void read_policies(struct reader *r, void *out)
{
	static const struct member members[] = {
		{ "policy-type", read_number,
		    offsetof(struct postfix_given_policy, type), true },
		{ "policy-domain", read_text,
		    offsetof(struct postfix_given_policy, domain), false },
		{ "policy-string", read_texts,
		    offsetof(struct postfix_given_policy, strings), false },
		{ "mx-host", read_texts,
		    offsetof(struct postfix_given_policy, mx), false },
		{ "failure-details", read_failures,
		    offsetof(struct postfix_given_policy, failures), false },
		{ "f", read_number,
		    offsetof(struct postfix_given_policy, has_failed), true },
	};

	struct postfix_given_policies *list = out;

	list->policy = arena_alloc(
	    r->in.arena, POSTFIX_DATAGRAM_POLICIES * sizeof(*list->policy));
	json_in_open_array(&r->in);
	while (json_in_element(&r->in)) {
		if (list->n == POSTFIX_DATAGRAM_POLICIES) {
			set_full(r);
			return;
		}
		read_object(r, members, sizeof(members) / sizeof(members[0]),
		    &list->policy[list->n++]);
	}
}

int postfix_given_read(
    struct view text, struct arena *a, struct postfix_given *given)
{
	static const struct member members[] = {
		{ "dpv", read_text, offsetof(struct postfix_given, version),
		    false },
		{ "d", read_text, offsetof(struct postfix_given, domain),
		    true },
		{ "pr", read_text, offsetof(struct postfix_given, record),
		    false },
		{ "policies", read_policies,
		    offsetof(struct postfix_given, policies), true },
	};

	struct reader r = { .is_full = text.len > POSTFIX_DATAGRAM_MAX };

	*given = (struct postfix_given){ .version = view_of("1") };
	if (r.is_full) {
		return ERR_FULL;
	}
	json_in_begin(&r.in, text, a);
	read_object(&r, members, sizeof(members) / sizeof(members[0]), given);
	if (!json_in_end(&r.in)) {
		return r.is_full ? ERR_FULL : ERR_PARSE;
	}
	if (!view_is(given->version, "1")) {
		return ERR_VERSION;
	}
	return given->policies.n > 0 ? 0 : ERR_PARSE;
}
