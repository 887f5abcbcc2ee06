/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_OUTDIR_H
#define REPORTER_OUTDIR_H

#include <stdbool.h>

#include "common/strbuf.h"
#include "reporter/step.h"

/*
 * A directory of finished files. Files come in batches: all of a batch are
 * written under names of no meaning first, and get their own names together,
 * once all of them are on the disk. So a name never stands for half a file,
 * and the disk is waited for once a batch.
 */
struct outdir;

enum {
	OUTDIR_NAME = 256
}; /* longest name with its NUL */

enum outdir_flags {
	OUTDIR_CREATE = 1, /* make the directory (0750) if it is not there */
	OUTDIR_SYNC = 2,   /* outdir_flush() waits for the disk */
};

/* Returns 0 or -errno (-ENOENT: not there, and OUTDIR_CREATE not given). */
int outdir_open(const char *path, unsigned flags, struct outdir **out);

/* Removes what was not flushed. NULL is allowed. */
void outdir_close(struct outdir *o);

/* Tells of its steps: "file-written", "files-synced", "file-named",
   "file-removed". Borrowed. */
void outdir_watch(struct outdir *o, const struct step *step);

/*
 * The name of a report's files without their endings: the report's file name
 * without ".json.gz", or, if that is too long for a file system, its front
 * and a hash of all of it. The same name always gives the same. Returns out.
 */
const char *outdir_base(const char *filename, char out[OUTDIR_NAME]);

/*
 * Adds a file (0640) to the batch; it replaces one of that name. The name must
 * be safe: letters, digits, '.', '-', '_', '!', '~', the first no '.'. Returns
 * 0, ERR_PARSE (a bad name), -errno.
 */
int outdir_put(struct outdir *o, const char *name, const struct strbuf *data);

/* Gives the batch its names. Returns 0 or -errno. */
int outdir_flush(struct outdir *o);

/*
 * Appends a file that has its name. Returns 0; ERR_PARSE (a bad name),
 * ERR_TOO_LONG (out's bound), -errno (-ENOENT: not there).
 */
int outdir_get(const struct outdir *o, const char *name, struct strbuf *out);

/* Is there a file of that name? */
bool outdir_has(const struct outdir *o, const char *name);

/* Says whether files of this base may stay; < 0 ends the sweep. */
typedef int (*outdir_keeps)(void *ctx, const char *base);

/*
 * Removes what a killed run left: files of unfinished batches, and files of
 * reports that are not to stay. Other files are left alone. Returns 0, the
 * error of keeps, or -errno.
 */
int outdir_sweep(struct outdir *o, outdir_keeps keeps, void *ctx);

#endif
