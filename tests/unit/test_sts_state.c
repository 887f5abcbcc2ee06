/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sts_state.c - tests lookup/sts_state.c: stories of a domain
 *
 * A story is a list of steps on one row (sts_kit.h); want is what the answer
 * says, in words.
 */
#include "config.h"

#include "tests/unit/sts_kit.h"

enum {
	STEPS = 12
};

struct story {
	const char *name;
	struct step steps[STEPS];
};

static void tell(const struct story *s)
{
	struct player p;

	player_init(&p);
	for (size_t i = 0; i < STEPS && s->steps[i].op != NULL; i++) {
		char name[200];

		(void)snprintf(name, sizeof(name), "%s: step %zu, %s", s->name,
		    i + 1, s->steps[i].op);
		play(&p, &s->steps[i]);
		UNIT_STR(name, p.text, s->steps[i].want);
	}
	arena_free(p.arena);
}

/* A domain without a policy yet, or without a record any more. */
static void test_records(void **state)
{
	static const struct story stories[] = {
		{ "R202 no record", { { 0, "look none", "none" } } },
		{ "R202 a record that is broken",
		    { { 0, "look syntax", "none" } } },
		{ "R202 several records", { { 0, "look several", "none" } } },
		{ "the lookup failed", { { 0, "look failed", "unknown" } } },
		{ "a record", { { 0, "look id-a", "fetch, unknown" } } },
		{ "R218 the record goes, the policy stays till it expires",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 1, "got p1", "found p1" },
			{ DAY, "look none", "found p1" },
			{ 7 * DAY, "look none", "found p1" },
			{ 7 * DAY + 1, "look none", "none" } } },
		{ "R202 the record breaks: each is a failure of its own",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 1, "got p1", "found p1" },
			{ HOUR, "look syntax",
			    "found p1 record-syntax+cached-policy-used, event "
			    "fetch-error" },
			{ HOUR + 299, "look syntax",
			    "found p1 record-syntax+cached-policy-used" },
			{ HOUR + 400, "look several",
			    "found p1 several-records+cached-policy-used, "
			    "event fetch-error" },
			{ HOUR + 900, "look several",
			    "found p1 several-records+cached-policy-used" },
			{ HOUR + 1100, "look id-a", "found p1" },
			{ 8 * DAY, "look syntax", "none" } } },
		{ "R237 but not with mode none",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 1, "got off", "found off" },
			{ HOUR, "look syntax",
			    "found off record-syntax+cached-policy-used" },
			{ 7 * DAY + 1, "look syntax", "none" } } },
		{ "R218 the lookup fails, the policy stays",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 1, "got p1", "found p1" },
			{ DAY, "look failed", "found p1" },
			{ 7 * DAY + 1, "look failed", "unknown" } } },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(stories); i++) {
		tell(&stories[i]);
	}
}

/* Fetches that fail with nothing to fall back on. */
static void test_failures(void **state)
{
	static const struct story stories[] = {
		{ "R211 R217 a fetch error, R216 not again for 5 minutes",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 1, "got error:http-404", "fetch-error http-404" },
			{ 2, "look id-a", "fetch-error http-404" },
			{ 300, "look id-a", "fetch-error http-404" },
			{ 340, "look id-a", "fetch, unknown" },
			{ 341, "got error:timeout", "fetch-error timeout" },
			{ 341 + 599, "look id-a", "fetch-error timeout" },
			{ 341 + 675, "look id-a", "fetch, unknown" } } },
		{ "R213 the certificate",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 1, "got cert:certificate-expired",
			    "webpki-invalid certificate-expired" },
			{ 9, "look id-a",
			    "webpki-invalid certificate-expired" } } },
		{ "R225 no policy, with its text",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 1, "got bad", "policy-invalid bad syntax" },
			{ 9, "look id-a", "policy-invalid bad syntax" } } },
		{ "R225 an empty text",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 1, "got empty", "policy-invalid syntax" } } },
		{ "R205 R216 another id is another try, after a minute",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 1, "got error:http-404", "fetch-error http-404" },
			{ 30, "look id-b", "unknown" },
			{ 62, "look id-b", "fetch, unknown" },
			{ 63, "got p1", "found p1" },
			{ 64, "look id-b", "found p1" } } },
		{ "our own fault says nothing",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 1, "got ours:no-route", "unknown, ours no-route" },
			{ 2, "look id-a", "unknown, ours no-route" },
			{ 345, "look id-a", "fetch, unknown" },
			{ 346, "got error:http-404",
			    "fetch-error http-404" } } },
		{ "and takes back what is known no more",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 1, "got error:http-404", "fetch-error http-404" },
			{ 400, "look id-a", "fetch, unknown" },
			{ 401, "got ours:no-route", "unknown, ours no-route" },
			{ 402, "look id-a", "unknown, ours no-route" } } },
		{ "R202 no record any more: none",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 1, "got error:http-404", "fetch-error http-404" },
			{ 60, "look none", "none" },
			{ 100, "look id-a", "fetch-error http-404" },
			{ 400, "look none", "none" },
			{ 401, "look id-a", "fetch, unknown" } } },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(stories); i++) {
		tell(&stories[i]);
	}
}

/* Refreshes, and what they fall back on. */
static void test_refreshes(void **state)
{
	static const struct story stories[] = {
		{ "R219 about daily",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 0, "got p1", "found p1" },
			{ 18 * HOUR - 1, "look id-a", "found p1" },
			{ DAY, "look id-a", "fetch, found p1" },
			{ DAY, "got p1", "found p1" },
			{ DAY + 1, "look id-a", "found p1" },
			{ 7 * DAY + 1, "look none", "found p1" } } },
		{ "R219 before it expires",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 0, "got short", "found short" },
			{ 1300, "look id-a", "found short" },
			{ 1801, "look id-a", "fetch, found short" },
			{ 1801, "got error:timeout",
			    "found short timeout+cached-policy-used, event "
			    "fetch-error" },
			{ 3601, "look id-a", "fetch, unknown" } } },
		{ "R205 another id",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 0, "got p1", "found p1" },
			{ 30, "look id-b", "found p1" },
			{ 60, "look id-b", "fetch, found p1" },
			{ 60, "got p2", "found p2" },
			{ 61, "look id-b", "found p2" } } },
		{ "R218 R239 a refresh fails: cached, and an event each time",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 0, "got p1", "found p1" },
			{ DAY, "look id-a", "fetch, found p1" },
			{ DAY, "got cert:self-signed",
			    "found p1 self-signed+cached-policy-used, event "
			    "webpki-invalid" },
			{ DAY + 9, "look id-a",
			    "found p1 self-signed+cached-policy-used" },
			{ DAY + 340, "look id-a",
			    "fetch, found p1 self-signed+cached-policy-used" },
			{ DAY + 341, "got bad",
			    "found p1 syntax+cached-policy-used, event "
			    "policy-invalid" },
			{ 2 * DAY, "look id-a",
			    "fetch, found p1 syntax+cached-policy-used" },
			{ 2 * DAY, "got p2", "found p2" },
			{ 2 * DAY + 1, "look id-a", "found p2" } } },
		{ "the new id fails, the old one comes back",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 0, "got p1", "found p1" },
			{ 100, "look id-b", "fetch, found p1" },
			{ 100, "got error:http-500",
			    "found p1 http-500+cached-policy-used, event "
			    "fetch-error" },
			{ 200, "look id-a", "found p1" },
			{ 210, "look id-b",
			    "found p1 http-500+cached-policy-used" } } },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(stories); i++) {
		tell(&stories[i]);
	}
}

/* What is not as usual. */
static void test_oddities(void **state)
{
	static const struct story stories[] = {
		{ "R217 it expires while refreshes fail",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 0, "got p1", "found p1" },
			{ 7 * DAY - 10, "look id-a", "fetch, found p1" },
			{ 7 * DAY - 10, "got error:http-404",
			    "found p1 http-404+cached-policy-used, event "
			    "fetch-error" },
			{ 7 * DAY, "look id-a", "fetch-error http-404" },
			{ 7 * DAY + 400, "look id-a", "fetch, unknown" },
			{ 7 * DAY + 400, "got error:http-404",
			    "fetch-error http-404" } } },
		{ "R219 R237 mode none: no event",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 0, "got off", "found off" },
			{ DAY, "look id-a", "fetch, found off" },
			{ DAY, "got error:http-404",
			    "found off http-404+cached-policy-used" } } },
		{ "our own fault is no event",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 0, "got p1", "found p1" },
			{ DAY, "look id-a", "fetch, found p1" },
			{ DAY, "got ours:no-route",
			    "found p1, ours no-route" } } },
		{ "R226 max_age 0: valid now, and nothing to fall back on",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 0, "got zero", "found zero" },
			{ 299, "look id-a", "found zero" },
			{ 299, "look none", "none" },
			{ 301, "look id-a", "fetch, unknown" },
			{ 301, "got error:http-404",
			    "fetch-error http-404" } } },
		{ "R226 of another id it is none",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 0, "got zero", "found zero" },
			{ 90, "look id-b", "fetch, unknown" } } },
		{ "R223 a year at most",
		    { { 0, "look id-a", "fetch, unknown" },
			{ 0, "got forever", "found forever" },
			{ STS_MAX_AGE_S - 1, "look none", "found forever" },
			{ STS_MAX_AGE_S, "look none", "none" } } },
		{ "a clock that is set back: fetched again, not forgotten",
		    { { 10 * DAY, "look id-a", "fetch, unknown" },
			{ 10 * DAY, "got p1", "found p1" },
			{ 0, "look id-a", "fetch, found p1" } } },
		{ "a clock that stood far ahead: never in force",
		    { { 900 * DAY, "look id-a", "fetch, unknown" },
			{ 900 * DAY, "got p1", "found p1" },
			{ 0, "look none", "none" },
			{ 0, "look id-a", "fetch, unknown" } } },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(stories); i++) {
		tell(&stories[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_refreshes),
		cmocka_unit_test(test_oddities),
	};

	return UNIT_RUN(tests);
}
