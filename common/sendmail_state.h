/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_SENDMAIL_STATE_H
#define COMMON_SENDMAIL_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/domain.h"
#include "common/mta_type.h"
#include "common/tls_reason.h"

/*
 * The open sessions of a Sendmail: delivering processes, each with the few
 * connections that it holds. Bounded: SENDMAIL_PROCESSES by the low bits of
 * the pid, SENDMAIL_SESSIONS a process, SENDMAIL_DOMAINS a session.
 */
enum {
	SENDMAIL_PROCESSES = 65536,
	SENDMAIL_SESSIONS = 8,   /* Sendmail's own cache holds 2 */
	SENDMAIL_DOMAINS = 4096, /* policy domains on one connection */
	SENDMAIL_QID = 24,       /* characters of a queue id */
	SENDMAIL_HOST = 256,     /* host text as logged */
	SENDMAIL_LIST = 65536,   /* bytes of a list of recipients in parts */
	SENDMAIL_SPLIT = 8192,   /* bytes of a record in parts */
	/* seconds of log time after which a process is over ... */
	SENDMAIL_IDLE_S = 600,  /* ... that ended a delivery attempt */
	SENDMAIL_WAIT_S = 4500, /* ... that did not: Timeout.starttls and
	                           .datafinal are 1 h */
};

/* A policy domain of one session. */
struct sendmail_domain {
	uint64_t hash;         /* of its text */
	bool is_counted;       /* a fact was emitted */
	enum counter left_out; /* else: why not, or COUNTER_COUNT */
};

struct sendmail_session {
	LIST_ENTRY(sendmail_session) link; /* newest first */
	uint64_t pos;                      /* first line that it needs */
	int64_t t;                         /* when TLS was tried */
	bool from_rules;                   /* else from plain lines */
	bool is_pending;      /* whose recipients it was for is not known yet */
	bool is_failed;       /* given up: no other message goes over it */
	bool tls_required_no; /* the message that opened it said so */
	enum counter left_out;           /* all of it, why; or COUNTER_COUNT */
	char qid[SENDMAIL_QID + 1];      /* message that opened it */
	char rcpt_qid[SENDMAIL_QID + 1]; /* message of the latest R line */
	bool is_direct; /* that message goes to its recipients' own domains */
	enum counter rcpt_left_out; /* why that message does not count */
	char (*held)[DOMAIN_BUF];   /* owned: domains of that message, of which
	                                none was its next hop yet */
	unsigned n_held;
	char host[SENDMAIL_HOST]; /* as logged, no final dot */
	char mx[DOMAIN_BUF];      /* normalised, "" if it is no name */
	char nexthop[DOMAIN_BUF]; /* "[]": address literal; "": unknown */
	char version[17];
	char reason[TLS_REASON_BUF];
	struct ip ip;
	struct ip sending_ip;
	enum fact_tls tls;
	enum fact_chain chain;
	enum fact_name name;
	enum fact_dane dane;
	struct sendmail_domain *domains; /* owned */
	unsigned n_domains;
	char *list; /* owned: recipients of the to= lines so far, or NULL */
	size_t list_len;
};

LIST_HEAD(sendmail_sessions, sendmail_session);

struct sendmail_process {
	unsigned place; /* in the heap */
	uint64_t host;  /* hash of the log's host name */
	uint32_t pid;
	int64_t last;       /* time of its latest line */
	int64_t deadline;   /* after this time it is over */
	uint64_t rules_pos; /* its latest TLSRPT1 record; UINT64_MAX: none. A
	                       process with records is judged by them alone */
	struct sendmail_sessions sessions;
	unsigned n_sessions;
	struct sendmail_session *served; /* in sessions: a delivery goes on over
	                                    it, as far as was logged; or NULL */
	/* what the lines just before said of the session to come */
	uint64_t hint_pos;     /* the first of them; UINT64_MAX: none */
	enum fact_chain chain; /* FACT_CHAIN_UNKNOWN: nothing was said */
	char reason[TLS_REASON_BUF];
	bool tls_forbidden; /* Try_TLS: NO */
	bool has_try;       /* STARTTLS was about to be sent ... */
	bool try_own;       /* ... for a report of ours ... */
	struct ip try_ip;   /* ... to this address */
	/* first parts of a record that Sendmail cut */
	char *split; /* owned, or NULL */
	size_t split_len;
	unsigned split_parts;
	uint64_t split_pos;
	char split_qid[SENDMAIL_QID + 1];
};

struct sendmail {
	struct mta mta; /* first */
	struct sendmail_process *slot[SENDMAIL_PROCESSES];
	struct sendmail_process
	    *heap[SENDMAIL_PROCESSES]; /* by deadline; then NULL */
	unsigned n_processes;
	char text[SYSLOG_LINE_MAX]; /* for unescaping one line */
};

/*
 * The process of a line, made if need be; whoever held its slot is closed.
 * Returns 0 or what the sink returned.
 */
int sendmail_process_get(struct sendmail *sm, const struct syslog_line *line,
    struct sendmail_process **out);

/* The process of a line, or NULL. */
struct sendmail_process *sendmail_process_find(
    const struct sendmail *sm, const struct syslog_line *line);

/*
 * Notes a process's line at time t, after it was worked on; it is over if
 * none follows within limit_s. A process that holds nothing is freed.
 */
void sendmail_process_touch(struct sendmail *sm, struct sendmail_process *p,
    int64_t t, int64_t limit_s);

/* Closes its sessions and frees it; expired: nothing more was logged. */
int sendmail_process_close(
    struct sendmail *sm, struct sendmail_process *p, bool expired);

/* Frees it and its sessions without counting anything. NULL is allowed. */
void sendmail_process_free(struct sendmail_process *p);

/* The first line that the process still needs. */
uint64_t sendmail_process_oldest(const struct sendmail_process *p);

/*
 * Notes a TLSRPT1 record at pos: its plain sessions, if any, end, and those
 * that were not counted yet are dropped, since its records tell better.
 */
int sendmail_process_note_record(
    struct sendmail *sm, struct sendmail_process *p, uint64_t pos);

/* Closes what is over by the time of a line. */
int sendmail_expire(struct sendmail *sm, int64_t t);

/* Adds one to a counter; returns 0 or what the sink returned. */
int sendmail_bump(struct sendmail *sm, int64_t t, enum counter c);

/* Notes that the line at pos is a hint for the session to come. */
void sendmail_hint(struct sendmail_process *p, uint64_t pos);

/* Forgets what was said of the session to come. */
void sendmail_hints_clear(struct sendmail_process *p);

/* Forgets all but that STARTTLS was about to be sent. */
void sendmail_hints_done(struct sendmail_process *p);

/* A new session of a process, at its head, before any limit is checked. */
struct sendmail_session *sendmail_session_new(
    struct sendmail_process *p, uint64_t pos, int64_t t);

/* Closes the oldest session of a process that has too many. */
int sendmail_session_trim(struct sendmail *sm, struct sendmail_process *p);

/* Sets host and mx of a session from text as logged. */
void sendmail_session_host(struct sendmail_session *s, struct view host);

/*
 * Counts the session for a recipient domain, once. domain: its text, to be
 * normalised; left_out: why it does not count, or COUNTER_COUNT (then the
 * session's own reason holds).
 */
int sendmail_session_add(struct sendmail *sm, struct sendmail_session *s,
    struct view domain, enum counter left_out);

/*
 * Counts the session for the recipients of a to= line (escaped list): for
 * each recipient's domain, or, if the session came from records and goes to
 * none of these, for its next hop (R1).
 */
int sendmail_session_add_rcpts(struct sendmail *sm, struct sendmail_session *s,
    struct view rcpts, enum counter left_out);

/* Keeps a part of a list that the next to= line goes on with. */
int sendmail_session_keep_rcpts(
    struct sendmail *sm, struct sendmail_session *s, struct view rcpts);

/* Keeps a recipient domain of the message that is passing. */
void sendmail_session_hold(struct sendmail_session *s, const char *domain);

/*
 * All is told that will be: counts for the recipients kept, or for the next
 * hop if that is known. Afterwards the session is not pending.
 */
int sendmail_session_resolve(struct sendmail *sm, struct sendmail_session *s);

/*
 * How the TLS attempt of a session without TLS ended, by {verify}; had_try:
 * STARTTLS was offered.
 */
void sendmail_set_outcome(struct sendmail_session *s,
    const struct sendmail_process *p, struct view verify, bool had_try);

/* The TLS version as logged; "" if it is no word of at most 16 bytes. */
void sendmail_set_version(struct sendmail_session *s, struct view version);

/*
 * TLS is up: what {verify} says of the certificate; chain is what was logged
 * beside it, FACT_CHAIN_UNKNOWN for nothing. False: no such word.
 */
bool sendmail_set_certificate(
    struct sendmail_session *s, struct view verify, enum fact_chain chain);

/* Frees it without counting anything. */
void sendmail_session_free(
    struct sendmail_process *p, struct sendmail_session *s);

/* Resolves, counts what was left out, frees. */
int sendmail_session_close(struct sendmail *sm, struct sendmail_process *p,
    struct sendmail_session *s);

#endif
