/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sts_state.c - tests milter/sts_state.c
 *
 * A story is a list of steps on one row. "look RECORD" is a look at a record,
 * "got WHAT" the end of a fetch; want is what the answer says, in words.
 */
#include "config.h"

#include "milter/sts_state.h"
#include "tests/unit/unit.h"

enum {
	NOW = 1790000000,
	STEPS = 12
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

static struct view text_of(const char *name)
{
	for (size_t i = 0; i < UNIT_LEN(texts); i++) {
		if (strcmp(texts[i].name, name) == 0) {
			return view_of(texts[i].text);
		}
	}
	fail_msg("no text %s", name);
	return view_of("");
}

static const char *name_of(struct view text)
{
	for (size_t i = 0; i < UNIT_LEN(texts); i++) {
		if (view_is(text, texts[i].text)) {
			return texts[i].name;
		}
	}
	return "?";
}

static const char *kind_word(enum policy_sts kind)
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

struct story {
	const char *name;
	struct step steps[STEPS];
};

/* The word behind a prefix, or NULL. */
static const char *after(const char *op, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(op, prefix, n) == 0 ? op + n : NULL;
}

static struct sts_seen seen_of(const char *what)
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

static struct sts_fetched fetched_of(const char *what)
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

static void play(struct player *p, const struct step *s)
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

static void player_init(struct player *p)
{
	memset(p, 0, sizeof(*p));
	(void)snprintf(p->row.domain, sizeof(p->row.domain), "d.example");
	p->arena = arena_new();
}

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

/* R216: pauses are doubled up to a bound, which depends on what there is. */
static void test_pauses(void **state)
{
	static const struct {
		const char *name;
		const char *before;
		const char *failure;
		int64_t limit;
	} table[] = {
		{ "nothing in force", NULL, "got error:x", STS_RETRY_MAX_S },
		{ "a policy in force", "got forever", "got error:x",
		    STS_RETRY_USED_S },
		{ "our own fault", "got forever", "got ours:x",
		    STS_RETRY_MAX_S },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		int64_t want = STS_RETRY_S;
		int64_t at = 0;
		struct player p;

		player_init(&p);
		play(&p, &(struct step){ at, "look id-a", NULL });
		if (table[i].before != NULL) {
			play(&p, &(struct step){ at, table[i].before, NULL });
		}
		for (unsigned n = 0; n < 2000; n++) {
			play(&p, &(struct step){ at, table[i].failure, NULL });
			UNIT_TRUE(table[i].name,
			    p.row.retry >= NOW + at + want &&
				p.row.retry <= NOW + at + want + want / 8);
			at = p.row.retry - NOW;
			want = want * 2 < table[i].limit ? want * 2 :
							   table[i].limit;
			if (at > 300 * DAY) {
				break;
			}
		}
		UNIT_INT(table[i].name, want, table[i].limit);
		arena_free(p.arena);
	}
}

/* R219: always the same for a domain, and not for all at the same time. */
static void test_jitter(void **state)
{
	int64_t least = INT64_MAX;
	int64_t most = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct player p;
		int64_t first;

		player_init(&p);
		(void)snprintf(
		    p.row.domain, sizeof(p.row.domain), "d%d.example", i);
		play(&p, &(struct step){ 0, "got p1", NULL });
		first = p.row.refresh - NOW;
		play(&p, &(struct step){ 5 * DAY, "got p1", NULL });
		UNIT_INT("the same", p.row.refresh - NOW - 5 * DAY, first);
		UNIT_TRUE("about daily", first > 18 * HOUR && first <= DAY);
		least = first < least ? first : least;
		most = first > most ? first : most;
		arena_free(p.arena);
	}
	UNIT_TRUE("spread", most - least > 5 * HOUR);
}

/* What cleaners go by. */
static void test_keep(void **state)
{
	struct player p;

	(void)state;
	player_init(&p);
	UNIT_BOOL("nothing", sts_state_is_empty(&p.row), true);
	play(&p, &(struct step){ 0, "got p1", NULL });
	UNIT_BOOL("a policy", sts_state_is_empty(&p.row), false);
	UNIT_INT("a policy", sts_state_keep_until(&p.row), NOW + 7 * DAY);
	UNIT_BOOL("in force", sts_state_is_in_force(&p.row, NOW), true);
	UNIT_BOOL("in force, no more",
	    sts_state_is_in_force(&p.row, NOW + 7 * DAY), false);
	play(&p, &(struct step){ 8 * DAY, "look none", NULL });
	UNIT_BOOL("forgotten", p.answer.is_row_changed, true);
	UNIT_BOOL("forgotten", sts_state_is_empty(&p.row), true);
	play(&p, &(struct step){ 9 * DAY, "got error:x", NULL });
	UNIT_BOOL("a failure", sts_state_is_empty(&p.row), false);
	UNIT_TRUE("a failure", sts_state_keep_until(&p.row) > p.row.retry);
	arena_free(p.arena);
}

/* A long text that is no policy is cut. */
static void test_bad_text(void **state)
{
	static char text[STS_TEXT_MAX];
	const struct sts_fetched f = { .kind = POLICY_STS_FOUND,
		.token = "",
		.body = view_make(text, sizeof(text)) };
	struct player p;

	(void)state;
	memset(text, 'x', sizeof(text));
	player_init(&p);
	sts_state_fetched(&p.row, "a", &f, NOW, p.arena, &p.answer);
	UNIT_STR("kind", kind_word(p.answer.sts), "policy-invalid");
	UNIT_UINT("text", p.answer.text.len, STS_BAD_TEXT_MAX);
	arena_free(p.arena);
}

static void test_fill(void **state)
{
	struct policy_set set = { .mx = POLICY_MX_SECURE };
	struct player p;

	(void)state;
	player_init(&p);
	play(&p, &(struct step){ 0, "got p1", NULL });
	play(&p, &(struct step){ DAY, "got error:http-404", NULL });
	sts_state_fill(&p.answer, &set);
	UNIT_INT("the rest stays", set.mx, POLICY_MX_SECURE);
	UNIT_INT("sts", set.sts, POLICY_STS_FOUND);
	UNIT_STR("text", name_of(set.sts_text), "p1");
	UNIT_MEM("reason", set.sts_reason.s, set.sts_reason.len,
	    "http-404+cached-policy-used", 27);
	UNIT_INT("no event", set.failed_at, 0);
	sts_state_fill_event(&p.answer, NOW + DAY, &set);
	UNIT_INT("event", set.failed_at, NOW + DAY);
	UNIT_INT("event", set.failed, POLICY_STS_FETCH_ERROR);
	UNIT_STR("event: text", name_of(set.sts_text), "p1");
	arena_free(p.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_refreshes),
		cmocka_unit_test(test_oddities),
		cmocka_unit_test(test_pauses),
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_bad_text),
		cmocka_unit_test(test_fill),
	};

	return UNIT_RUN(tests);
}
