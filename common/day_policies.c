/* SPDX-License-Identifier: BSD-2-Clause */
/* day_policies.c - the policies of one day's file, each content once */

#include "config.h"

#include <string.h>

#include "common/day_policies.h"
#include "common/digest.h"
#include "common/domain.h"
#include "common/err.h"
#include "common/strbuf.h"

void day_policies_init(struct day_policies *policies)
{
	policies->is_read = false;
	day_index_init(&policies->index);
}

void day_policies_release(struct day_policies *policies)
{
	day_index_release(&policies->index);
}

/*
 * A policy's name: the first bytes of the SHA-256 of "domain NUL mx NUL
 * content". Nobody can find two contents of one name, and hosts agree.
 */
static void name_policy(struct policy *policy)
{
	uint8_t digest[DIGEST_SHA256];
	struct strbuf text;

	strbuf_init(&text, POLICY_CONTENT_MAX + 2 * DOMAIN_BUF);
	strbuf_addv(&text, policy->domain);
	strbuf_addc(&text, '\0');
	strbuf_addv(&text, policy->mx);
	strbuf_addc(&text, '\0');
	strbuf_addv(&text, policy->content);
	assert(!text.failed);
	digest_sha256(text.s, text.len, digest);
	memcpy(policy->hash, digest, sizeof(policy->hash));
	strbuf_release(&text);
}

static uint32_t tag_of(const struct policy *policy)
{
	uint64_t hash;

	memcpy(&hash, policy->hash, sizeof(hash));
	return day_index_tag(hash);
}

static uint64_t end_of(const struct day_file *f)
{
	return (f->word[TALLY_WORD_POLICIES] & UINT32_MAX) * TALLY_UNIT;
}

/* Reads one extent's policies into the index. */
static void read_extent(struct day_policies *policies, const struct day_file *f,
    const struct tally_extent *e)
{
	struct tally_space space = f->names;
	uint64_t at = e->offset;

	space.end = end_of(f);
	if (space.end > e->offset + e->size) {
		space.end = e->offset + e->size;
	}
	while (at < space.end) {
		struct policy policy;
		bool is_whole;
		uint64_t size =
		    tally_layout_policy(&space, at, &policy, &is_whole);

		if (is_whole) {
			day_index_add(&policies->index, tag_of(&policy),
			    (uint32_t)(at / TALLY_UNIT));
		}
		at += size > 0 ? size : TALLY_UNIT;
	}
}

static void read_all(struct day_policies *policies, const struct day_file *f)
{
	for (uint32_t i = 0; i < f->word[TALLY_WORD_EXTENTS]; i++) {
		const struct tally_extent *e = &day_file_front(f)->extent[i];

		if (e->kind == TALLY_POLICY) {
			read_extent(policies, f, e);
		}
	}
	policies->is_read = true;
}

static bool is_there(const struct day_policies *policies,
    const struct day_file *f, const struct policy *policy)
{
	struct tally_space space = f->names;
	size_t probe = 0;
	uint32_t unit;

	space.end = end_of(f);
	while (
	    day_index_next(&policies->index, tag_of(policy), &probe, &unit)) {
		struct policy have;
		bool is_whole;

		(void)tally_layout_policy(
		    &space, (uint64_t)unit * TALLY_UNIT, &have, &is_whole);
		if (is_whole && view_eq(have.domain, policy->domain) &&
		    view_eq(have.mx, policy->mx) &&
		    view_eq(have.content, policy->content)) {
			return true;
		}
	}
	return false;
}

static char *put(char *p, struct view v)
{
	if (v.len > 0) {
		memcpy(p, v.s, v.len);
	}
	return p + v.len;
}

/* Writes the record at a place that no word tells of yet. */
static void write_record(
    struct day_file *f, uint64_t at, const struct policy *policy)
{
	struct tally_policy_head head = {
		.since = policy->since,
		.content_len = (uint32_t)policy->content.len,
		.domain_len = (uint16_t)policy->domain.len,
		.mx_len = (uint16_t)policy->mx.len,
		.source = (uint32_t)policy->source,
	};
	char *body = (char *)f->base + at + sizeof(head);
	char *end =
	    put(put(put(body, policy->domain), policy->mx), policy->content);

	memcpy(head.hash, policy->hash, sizeof(head.hash));
	head.body_check =
	    tally_layout_body_check(&f->salt, body, (size_t)(end - body));
	head.check = tally_layout_policy_check(&f->salt, at, &head);
	memcpy(f->base + at, &head, sizeof(head));
}

static int append(
    struct day_policies *policies, struct day_file *f, struct policy *policy)
{
	uint64_t count = f->word[TALLY_WORD_POLICIES] >> 32;
	uint64_t size = sizeof(struct tally_policy_head) + policy->domain.len +
	    policy->mx.len + policy->content.len;
	uint64_t at;
	int rc;

	size = (size + TALLY_UNIT - 1) / TALLY_UNIT * TALLY_UNIT;
	if (policies->index.used >= TALLY_POLICIES ||
	    f->held[TALLY_POLICY] + size > TALLY_POLICY_BYTES) {
		return ERR_FULL;
	}
	rc = day_file_place(f, TALLY_POLICY, end_of(f), size, &at);
	if (rc != 0) {
		return rc;
	}
	write_record(f, at, policy);
	count += count < TALLY_POLICIES_TOLD;
	day_file_set(
	    f, TALLY_WORD_POLICIES, count << 32 | (at + size) / TALLY_UNIT);
	day_index_add(
	    &policies->index, tag_of(policy), (uint32_t)(at / TALLY_UNIT));
	return 0;
}

int day_policies_add(
    struct day_policies *policies, struct day_file *f, struct policy *policy)
{
	if (policy->content.len > POLICY_CONTENT_MAX ||
	    policy->domain.len > DOMAIN_MAX || policy->mx.len > DOMAIN_MAX) {
		return ERR_TOO_LONG;
	}
	assert(policy->domain.len > 0);
	name_policy(policy);
	if (!policies->is_read) {
		read_all(policies, f);
	}
	if (is_there(policies, f, policy)) {
		return 0;
	}
	return append(policies, f, policy);
}
