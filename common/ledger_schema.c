/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger_schema.c - tables and statements of the ledger's file
 *
 * Tables of a version that has been in use are never changed here: a new
 * version gets texts of its own.
 */

#include "config.h"

#include "common/ledger_private.h"

/*
 * Of more than two words "IN" makes a table in memory for each statement that
 * writes, which takes longer than the writing.
 */
#define TABLE_REPORT                                                \
 "CREATE TABLE report ("                                            \
 " day INTEGER NOT NULL,"                                           \
 " domain TEXT NOT NULL,"                                           \
 " state TEXT NOT NULL CHECK (state = 'written'"                    \
 "  OR state = 'none' OR state = 'retry' OR state = 'given-up'"     \
 "  OR state = 'withheld'),"                                        \
 " tries INTEGER NOT NULL,"                                         \
 " first_try INTEGER NOT NULL,"                                     \
 " last_try INTEGER NOT NULL,"                                      \
 " what TEXT NOT NULL,"                                             \
 " file TEXT NOT NULL,"                                             \
 " PRIMARY KEY (day, domain)"                                       \
 ") WITHOUT ROWID;"                                                 \
 "CREATE INDEX report_file ON report (day, file) WHERE file != '';" \
 "CREATE INDEX report_open ON report (day, state)"                  \
 " WHERE state IN ('retry', 'withheld');"

#define WAITS "state = 'waiting'"
#define FAILED \
 "(state = 'bounced' OR state = 'given-up' OR state = 'suppressed')"

/*
 * Since version 3. A million items a day come, domain by domain, change once or
 * twice, and go. So that a batch touches few pages of the file, all indexes
 * grow at one place only: at the end, or where the tokens of the batch are.
 */
#define TABLES_OUTBOX                                          \
 "CREATE TABLE outbox ("                                       \
 " id INTEGER PRIMARY KEY,"                                    \
 " day INTEGER NOT NULL,"                                      \
 " domain TEXT NOT NULL,"                                      \
 " file TEXT NOT NULL,"                                        \
 " number INTEGER NOT NULL,"                                   \
 " kind TEXT NOT NULL CHECK (kind IN ('mailto', 'https')),"    \
 " target TEXT NOT NULL,"                                      \
 " token TEXT NOT NULL,"                                       \
 " state TEXT NOT NULL CHECK (state = 'waiting'"               \
 "  OR state = 'sent' OR state = 'bounced'"                    \
 "  OR state = 'given-up' OR state = 'suppressed'),"           \
 " tries INTEGER NOT NULL,"                                    \
 " first_try INTEGER NOT NULL,"                                \
 " last_try INTEGER NOT NULL,"                                 \
 " next_try INTEGER NOT NULL,"                                 \
 " answer TEXT NOT NULL"                                       \
 ");"                                                          \
 "CREATE UNIQUE INDEX outbox_report"                           \
 " ON outbox (day, domain, kind, target);"                     \
 "CREATE UNIQUE INDEX outbox_token ON outbox (token);"         \
 "CREATE INDEX outbox_day ON outbox (day, id, state);"         \
 "CREATE INDEX outbox_open ON outbox (id, next_try, state)"    \
 " WHERE " WAITS ";"                                           \
 "CREATE INDEX outbox_failed ON outbox (id) WHERE " FAILED ";" \
 "CREATE TABLE leave ("                                        \
 " id INTEGER PRIMARY KEY CHECK (id = 0),"                     \
 " since INTEGER NOT NULL"                                     \
 ");"                                                          \
 "CREATE TABLE suppress ("                                     \
 " kind TEXT NOT NULL CHECK (kind IN ('mailto', 'https')),"    \
 " target TEXT NOT NULL,"                                      \
 " domain TEXT NOT NULL," /* its reports; '': of all */        \
 " bounces INTEGER NOT NULL,"                                  \
 " last INTEGER NOT NULL,"                                     \
 " until INTEGER NOT NULL,"                                    \
 " accepted INTEGER NOT NULL," /* first after last; 0: none */ \
 " why TEXT NOT NULL,"                                         \
 " PRIMARY KEY (target, kind, domain)"                         \
 ") WITHOUT ROWID;"

/* Since version 3: what the operator was told, of which day. */
#define TABLE_TOLD          \
 "CREATE TABLE told ("      \
 " day INTEGER NOT NULL,"   \
 " what TEXT NOT NULL,"     \
 " PRIMARY KEY (day, what)" \
 ") WITHOUT ROWID;"

static const char create[] =
    "CREATE TABLE day ("
    " day INTEGER PRIMARY KEY,"             /* its first second */
    " finished INTEGER NOT NULL,"           /* when; 0: not yet */
    " unjudged INTEGER NOT NULL DEFAULT 0," /* sessions */
    " released INTEGER NOT NULL DEFAULT 0"  /* when; 0: not */
    ");" TABLE_REPORT TABLES_OUTBOX TABLE_TOLD;

static const char *const upgrade[] = {
	/* version 1 withheld nothing */
	"ALTER TABLE day ADD COLUMN unjudged INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE day ADD COLUMN released INTEGER NOT NULL DEFAULT 0;"
	"DROP INDEX report_file;"
	"ALTER TABLE report RENAME TO report_1;" TABLE_REPORT
	"INSERT INTO report (day, domain, state, tries, first_try, last_try,"
	" what, file) SELECT day, domain, state, tries, first_try, last_try,"
	" what, file FROM report_1;"
	"DROP TABLE report_1;",
	/* version 2 sent nothing */
	TABLES_OUTBOX TABLE_TOLD,
};

/*
 * Items one by one: each of the statements walks another index, and is left
 * to check the rest. ?1 after_id, ?2 due, ?3 day, ?4 domain, ?5 only waiting,
 * ?6 token, ?7 only failed. Nothing is ever put off by two days: what stands so
 * far on is of a clock that was wrong, and due.
 */
#define COLUMNS                                               \
 "id, day, domain, file, number, kind, target, token, state," \
 " tries, first_try, last_try, next_try, answer"
#define ITEMS(index, condition)                                             \
 "SELECT " COLUMNS " FROM outbox " index " WHERE " condition " AND id > ?1" \
 " AND (?2 = 0 OR (" WAITS                                                  \
 "  AND (next_try <= ?2 OR next_try - 172800 > ?2)))"                       \
 " AND (?3 = 0 OR day = ?3)"                                                \
 " AND (?4 = '' OR domain = ?4)"                                            \
 " AND (?5 = 0 OR " WAITS ")"                                               \
 " AND (?6 = '' OR token = ?6)"                                             \
 " AND (?7 = 0 OR " FAILED ")"                                              \
 " ORDER BY id LIMIT 1"

/* The days there are, a step of the index each. */
#define DAYS                                                       \
 "(WITH RECURSIVE d (t) AS (SELECT min(day) FROM outbox UNION ALL" \
 " SELECT (SELECT min(day) FROM outbox WHERE day > t) FROM d"      \
 " WHERE t IS NOT NULL) SELECT t FROM d)"

static const char *const sql[LEDGER_STATEMENTS] = {
	[LEDGER_DAY] = "SELECT finished, released, unjudged,"
		       " (SELECT count(*) FROM report WHERE day = ?1"
		       "  AND state = 'retry'),"
		       " (SELECT count(*) FROM report WHERE day = ?1"
		       "  AND state = 'withheld'),"
		       " EXISTS (SELECT 1 FROM report WHERE day = ?1)"
		       " FROM (SELECT ?1) LEFT JOIN day ON day = ?1",
	[LEDGER_DAY_FINISH] =
	    "INSERT INTO day (day, finished) VALUES (?1, ?2)"
	    " ON CONFLICT (day) DO UPDATE SET finished = excluded.finished"
	    " WHERE finished = 0",
	[LEDGER_DAY_UNJUDGED] =
	    "INSERT INTO day (day, finished, unjudged) VALUES (?1, 0, ?2)"
	    " ON CONFLICT (day) DO UPDATE SET unjudged = excluded.unjudged",
	[LEDGER_DAY_RELEASE] =
	    "INSERT INTO day (day, finished, released) VALUES (?1, 0, ?2)"
	    " ON CONFLICT (day) DO UPDATE SET released = excluded.released",
	[LEDGER_COUNT] = "SELECT state, count(*) FROM report WHERE day = ?1"
			 " GROUP BY state",
	[LEDGER_FIND] = "SELECT state, tries, first_try, last_try, what, file"
			" FROM report WHERE day = ?1 AND domain = ?2",
	[LEDGER_FILE] = "SELECT 1 FROM report"
			" WHERE day = ?1 AND file = ?2 AND file != ''",
	[LEDGER_MARK] =
	    "INSERT OR REPLACE INTO report"
	    " (day, domain, state, tries, first_try, last_try, what, file)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[LEDGER_WHY] = "SELECT what FROM report WHERE day = ?1"
		       " AND state = 'withheld' ORDER BY domain LIMIT 1",
	/* its time to be tried again begins anew */
	[LEDGER_RELEASE] =
	    "UPDATE report SET state = 'retry', first_try = 0,"
	    " what = 'released' WHERE day = ?1 AND state = 'withheld'",
	[LEDGER_DROP_NONE] =
	    "DELETE FROM report WHERE day = ?1 AND state = 'none'",
	[LEDGER_TELL] =
	    "INSERT OR IGNORE INTO told (day, what) VALUES (?1, ?2)",
	[LEDGER_FORGET_TOLD] = "DELETE FROM told WHERE day < ?1",
	[LEDGER_FORGET] =
	    "DELETE FROM report WHERE day < ?1 AND day IN"
	    " (SELECT day FROM day WHERE day < ?1 AND finished > 0)",

	[LEDGER_OUTBOX_ADD] =
	    "INSERT INTO outbox (day, domain, file, number, kind, target,"
	    " token, state, tries, first_try, last_try, next_try, answer)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
	    " ON CONFLICT (day, domain, kind, target) DO NOTHING",
	[LEDGER_OUTBOX_SAME] =
	    "SELECT " COLUMNS " FROM outbox WHERE day = ?1 AND domain = ?2"
	    " AND kind = ?3 AND target = ?4",
	[LEDGER_OUTBOX_UPDATE] =
	    "UPDATE outbox SET state = ?2, tries = ?3, first_try = ?4,"
	    " last_try = ?5, next_try = ?6, answer = ?7 WHERE id = ?1",
	[LEDGER_OUTBOX_ALL] = ITEMS("NOT INDEXED", "1"),
	[LEDGER_OUTBOX_OPEN] = ITEMS("INDEXED BY outbox_open", WAITS),
	[LEDGER_OUTBOX_FAILED] = ITEMS("INDEXED BY outbox_failed", FAILED),
	[LEDGER_OUTBOX_DAY] = ITEMS("INDEXED BY outbox_day", "day = ?3"),
	[LEDGER_OUTBOX_DOMAIN] =
	    ITEMS("INDEXED BY outbox_report", "domain = ?4 AND day IN " DAYS),
	[LEDGER_OUTBOX_TOKEN] = ITEMS("INDEXED BY outbox_token", "token = ?6"),
	[LEDGER_OUTBOX_STATES] =
	    "SELECT sum(state = 'waiting'), sum(state = 'sent'),"
	    " sum(state = 'bounced'), sum(state = 'given-up'),"
	    " sum(state = 'suppressed') FROM outbox INDEXED BY outbox_day",
	[LEDGER_OUTBOX_DUE] =
	    "SELECT count(*) FILTER"
	    " (WHERE next_try <= ?1 OR next_try - 172800 > ?1), min(next_try)"
	    " FROM outbox INDEXED BY outbox_open WHERE " WAITS,
	[LEDGER_OUTBOX_SUMMARY] =
	    "SELECT count(*) FILTER (WHERE kind = 'mailto'),"
	    " count(*) FILTER (WHERE kind = 'https'),"
	    " count(DISTINCT domain || ' ' || day), count(DISTINCT domain),"
	    " count(DISTINCT target)"
	    " FROM outbox INDEXED BY outbox_open WHERE " WAITS " AND day >= ?1",
	[LEDGER_OUTBOX_TARGETS] =
	    "SELECT kind, target, count(*)"
	    " FROM outbox INDEXED BY outbox_open WHERE " WAITS
	    " AND day >= ?1 GROUP BY kind, target"
	    " ORDER BY 3 DESC, kind DESC, target LIMIT ?2",
	[LEDGER_OUTBOX_FORGET] =
	    "DELETE FROM outbox WHERE day < ?1 AND (state != 'waiting'"
	    " OR NOT EXISTS (SELECT 1 FROM leave WHERE since > 0))",
	[LEDGER_OUTBOX_GIVE_UP] =
	    "UPDATE outbox INDEXED BY outbox_open"
	    " SET state = 'given-up', answer = ?2 WHERE day < ?1 AND " WAITS,
	[LEDGER_LEAVE] = "SELECT since FROM leave",
	[LEDGER_SET_LEAVE] =
	    "INSERT OR REPLACE INTO leave (id, since) SELECT 0, ?1",

	/* ?1 kind, ?2 target, ?3 domain */
	[LEDGER_SUPPRESS_FIND] =
	    "SELECT kind, target, domain, bounces, last, until, accepted, why"
	    " FROM suppress WHERE kind = ?1 AND target = ?2 AND domain = ?3",
	[LEDGER_SUPPRESS_UNTIL] =
	    "SELECT max(until) FROM suppress"
	    " WHERE kind = ?1 AND target = ?2 AND domain IN ('', ?3)",
	[LEDGER_SUPPRESS_SET] =
	    "INSERT OR REPLACE INTO suppress"
	    " (kind, target, domain, bounces, last, until, accepted, why)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[LEDGER_SUPPRESS_ACCEPTED] =
	    "UPDATE suppress SET accepted = ?4 WHERE kind = ?1"
	    " AND target = ?2 AND domain = ?3 AND accepted = 0",
	[LEDGER_SUPPRESS_LIFT] =
	    "DELETE FROM suppress"
	    " WHERE kind = ?1 AND target = ?2 AND (?4 OR domain = ?3)",
	[LEDGER_SUPPRESS_NEXT] =
	    "SELECT kind, target, domain, bounces, last, until, accepted, why"
	    " FROM suppress WHERE (target, kind, domain) > (?2, ?1, ?3)"
	    " ORDER BY target, kind, domain LIMIT 1",
	[LEDGER_SUPPRESS_FORGET] = "DELETE FROM suppress WHERE until <= ?1"
				   " AND (bounces = 0 OR last <= ?3"
				   " OR (accepted != 0 AND accepted <= ?2))",
};

const struct db_schema ledger_schema = {
	.version = 3,
	.create = create,
	.upgrade = upgrade,
	.sql = sql,
	.n_sql = LEDGER_STATEMENTS,
	.mode = 0640,
	.is_durable = true,
	.busy_ms = 5000,
	.cache_kib = 16384,
};
