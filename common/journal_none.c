/* SPDX-License-Identifier: BSD-2-Clause */
/* journal_none.c - no journal: this telltls was built without libsystemd */

#include "config.h"

#include <assert.h>
#include <stddef.h>

#include "common/err.h"
#include "common/journal.h"

int journal_open(
    const char *path, journal_filter filter, void *ctx, struct journal **out)
{
	(void)path;
	(void)filter;
	(void)ctx;
	*out = NULL;
	return ERR_NOT_BUILT;
}

void journal_close(struct journal *j)
{
	assert(j == NULL);
	(void)j;
}

/* From here on nothing can be called: there is no journal to call it with. */

int journal_next(
    struct journal *j, struct journal_place *place, bool *is_wanted)
{
	(void)j;
	(void)place;
	*is_wanted = false;
	return ERR_NOT_BUILT;
}

const struct journal_entry *journal_entry(const struct journal *j)
{
	(void)j;
	return NULL;
}

int journal_seek_head(struct journal *j)
{
	(void)j;
	return ERR_NOT_BUILT;
}

int journal_seek_time(struct journal *j, uint64_t realtime_us)
{
	(void)j;
	(void)realtime_us;
	return ERR_NOT_BUILT;
}

int journal_find(struct journal *j, const struct journal_place *place)
{
	(void)j;
	(void)place;
	return ERR_NOT_BUILT;
}

int journal_find_time(
    struct journal *j, uint64_t realtime_us, struct journal_place *place)
{
	(void)j;
	(void)realtime_us;
	(void)place;
	return ERR_NOT_BUILT;
}

int journal_process(struct journal *j)
{
	(void)j;
	return ERR_NOT_BUILT;
}

int journal_resume(struct journal *j)
{
	(void)j;
	return ERR_NOT_BUILT;
}

int journal_fd(const struct journal *j)
{
	(void)j;
	return ERR_NOT_BUILT;
}

bool journal_is_empty(const struct journal *j)
{
	(void)j;
	return true;
}
