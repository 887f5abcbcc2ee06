/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sts_times.c - tests lookup/sts_state.c: pauses, refreshes, what is kept
 * and what is told
 */
#include "config.h"

#include "tests/unit/sts_kit.h"

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
		cmocka_unit_test(test_pauses),
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_bad_text),
		cmocka_unit_test(test_fill),
	};

	return UNIT_RUN(tests);
}
