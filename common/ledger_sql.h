/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_LEDGER_SQL_H
#define COMMON_LEDGER_SQL_H

/* The SQL of ledger.c, which is the only file that includes this. */

enum {
	SCHEMA_VERSION = 2 /* PRAGMA user_version */
};

#define TABLE_REPORT                                                \
 "CREATE TABLE report ("                                            \
 " day INTEGER NOT NULL,"                                           \
 " domain TEXT NOT NULL,"                                           \
 " state TEXT NOT NULL CHECK (state IN"                             \
 "  ('written', 'none', 'retry', 'given-up', 'withheld')),"         \
 " tries INTEGER NOT NULL,"                                         \
 " first_try INTEGER NOT NULL,"                                     \
 " last_try INTEGER NOT NULL,"                                      \
 " what TEXT NOT NULL,"                                             \
 " file TEXT NOT NULL,"                                             \
 " PRIMARY KEY (day, domain)"                                       \
 ") WITHOUT ROWID;"                                                 \
 "CREATE INDEX report_file ON report (day, file) WHERE file != '';" \
 "CREATE INDEX report_open ON report (day, state)"                  \
 " WHERE state IN ('retry', 'withheld');"                           \
 "PRAGMA user_version = 2;"

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE day ("
    " day INTEGER PRIMARY KEY,"             /* its first second */
    " finished INTEGER NOT NULL,"           /* when; 0: not yet */
    " unjudged INTEGER NOT NULL DEFAULT 0," /* sessions */
    " released INTEGER NOT NULL DEFAULT 0"  /* when; 0: not */
    ");" TABLE_REPORT "COMMIT;";

/* Version 1 withheld nothing. */
static const char upgrade_1[] =
    "BEGIN IMMEDIATE;"
    "ALTER TABLE day ADD COLUMN unjudged INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE day ADD COLUMN released INTEGER NOT NULL DEFAULT 0;"
    "DROP INDEX report_file;"
    "ALTER TABLE report RENAME TO report_1;" TABLE_REPORT
    "INSERT INTO report (day, domain, state, tries, first_try, last_try,"
    " what, file) SELECT day, domain, state, tries, first_try, last_try,"
    " what, file FROM report_1;"
    "DROP TABLE report_1;"
    "COMMIT;";

enum statement {
	STATEMENT_BEGIN,
	STATEMENT_COMMIT,
	STATEMENT_DAY,
	STATEMENT_DAY_FINISH,
	STATEMENT_DAY_UNJUDGED,
	STATEMENT_DAY_RELEASE,
	STATEMENT_FIND,
	STATEMENT_FILE,
	STATEMENT_MARK,
	STATEMENT_WHY,
	STATEMENT_RELEASE,
	STATEMENT_DROP_NONE,
	STATEMENT_FORGET,
	STATEMENT_COUNT
};

static const char *const sql[STATEMENT_COUNT] = {
	[STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
	[STATEMENT_COMMIT] = "COMMIT",
	[STATEMENT_DAY] = "SELECT finished, released, unjudged,"
			  " (SELECT count(*) FROM report WHERE day = ?1"
			  "  AND state = 'retry'),"
			  " (SELECT count(*) FROM report WHERE day = ?1"
			  "  AND state = 'withheld')"
			  " FROM (SELECT ?1) LEFT JOIN day ON day = ?1",
	[STATEMENT_DAY_FINISH] =
	    "INSERT INTO day (day, finished) VALUES (?1, ?2)"
	    " ON CONFLICT (day) DO UPDATE SET finished = excluded.finished"
	    " WHERE finished = 0",
	[STATEMENT_DAY_UNJUDGED] =
	    "INSERT INTO day (day, finished, unjudged) VALUES (?1, 0, ?2)"
	    " ON CONFLICT (day) DO UPDATE SET unjudged = excluded.unjudged",
	[STATEMENT_DAY_RELEASE] =
	    "INSERT INTO day (day, finished, released) VALUES (?1, 0, ?2)"
	    " ON CONFLICT (day) DO UPDATE SET released = excluded.released",
	[STATEMENT_FIND] =
	    "SELECT state, tries, first_try, last_try, what, file"
	    " FROM report WHERE day = ?1 AND domain = ?2",
	[STATEMENT_FILE] = "SELECT 1 FROM report"
			   " WHERE day = ?1 AND file = ?2 AND file != ''",
	[STATEMENT_MARK] =
	    "INSERT OR REPLACE INTO report"
	    " (day, domain, state, tries, first_try, last_try, what, file)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[STATEMENT_WHY] = "SELECT what FROM report WHERE day = ?1"
			  " AND state = 'withheld' ORDER BY domain LIMIT 1",
	/* its time to be tried again begins anew */
	[STATEMENT_RELEASE] =
	    "UPDATE report SET state = 'retry', first_try = 0,"
	    " what = 'released' WHERE day = ?1 AND state = 'withheld'",
	[STATEMENT_DROP_NONE] =
	    "DELETE FROM report WHERE day = ?1 AND state = 'none'",
	[STATEMENT_FORGET] =
	    "DELETE FROM report WHERE day < ?1 AND day IN"
	    " (SELECT day FROM day WHERE day < ?1 AND finished > 0)",
};

#endif
