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
	/* seconds of log time after which a process is over */
	SENDMAIL_IDLE_S = 600,
	SENDMAIL_WAIT_S = 4500, /* Timeout.starttls and .datafinal are 1 h */
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
	bool is_failed;       /* plain: no TLS, over with the next to= line */
	bool tls_required_no; /* the message that opened it said so */
	enum counter left_out;           /* all of it, why; or COUNTER_COUNT */
	char qid[SENDMAIL_QID + 1];      /* message that opened it */
	char rcpt_qid[SENDMAIL_QID + 1]; /* message of the latest R line */
	bool is_direct;                  /* its next hop is its domain */
	char host[SENDMAIL_HOST];        /* as logged, no final dot */
	char mx[DOMAIN_BUF];             /* normalised, "" if it is no name */
	char nexthop[DOMAIN_BUF];        /* "" if it is an address literal */
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
};

LIST_HEAD(sendmail_sessions, sendmail_session);

struct sendmail_process {
	TAILQ_ENTRY(sendmail_process) lru; /* of one of the two lists */
	bool is_waiting;                   /* which one */
	uint64_t host;                     /* hash of the log's host name */
	uint32_t pid;
	int64_t last;   /* time of its latest line */
	bool has_rules; /* TLSRPT1 lines seen: plain ones do not count */
	struct sendmail_sessions sessions;
	unsigned n_sessions;
	/* what the lines just before said of the session to come */
	uint64_t hint_pos;     /* the first of them; UINT64_MAX: none */
	enum fact_chain chain; /* FACT_CHAIN_UNKNOWN: nothing was said */
	char reason[TLS_REASON_BUF];
	bool tls_forbidden; /* Try_TLS: NO */
	bool has_try;       /* STARTTLS was about to be sent ... */
	bool try_own;       /* ... for a report of ours ... */
	struct ip try_ip;   /* ... to this address */
	/* first half of a record that Sendmail cut in two */
	char *split; /* owned, or NULL */
	size_t split_len;
	uint64_t split_pos;
	char split_qid[SENDMAIL_QID + 1];
};

TAILQ_HEAD(sendmail_lru, sendmail_process);

struct sendmail {
	struct mta mta; /* first */
	struct sendmail_process *slot[SENDMAIL_PROCESSES];
	struct sendmail_lru idle;    /* oldest first */
	struct sendmail_lru waiting; /* those with something unresolved */
	char text[SYSLOG_LINE_MAX];  /* for unescaping one line */
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

/* Notes a process's line at time t, after it was worked on. */
void sendmail_process_touch(
    struct sendmail *sm, struct sendmail_process *p, int64_t t);

/* Closes its sessions and frees it; expired: nothing more was logged. */
int sendmail_process_close(
    struct sendmail *sm, struct sendmail_process *p, bool expired);

/* Frees it and its sessions without counting anything. NULL is allowed. */
void sendmail_process_free(struct sendmail_process *p);

/* Takes its unresolved plain sessions away: its records tell better. */
void sendmail_process_drop_plain(struct sendmail_process *p);

/* Closes what is over by the time of a line. */
int sendmail_expire(struct sendmail *sm, int64_t t);

/* Adds one to a counter; returns 0 or what the sink returned. */
int sendmail_bump(struct sendmail *sm, int64_t t, enum counter c);

/* Notes that the line at pos is a hint for the session to come. */
void sendmail_hint(struct sendmail_process *p, uint64_t pos);

/* Forgets what was said of the session to come. */
void sendmail_hints_clear(struct sendmail_process *p);

/*
 * A new session of a process, at its head. The oldest one is closed when
 * there are too many. Returns 0 or what the sink returned.
 */
int sendmail_session_new(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, struct sendmail_session **out);

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

/*
 * Nobody told for whom it was: counts for the next hop if that is known.
 * Afterwards the session is not pending.
 */
int sendmail_session_resolve(struct sendmail *sm, struct sendmail_session *s);

/*
 * How the TLS attempt of a session without TLS ended, by {verify}; had_try:
 * STARTTLS was offered.
 */
void sendmail_set_outcome(struct sendmail_session *s,
    const struct sendmail_process *p, struct view verify, bool had_try);

/*
 * TLS is up: what {verify} says of the certificate; chain is what was logged
 * beside it, FACT_CHAIN_UNKNOWN for nothing. False: no such word.
 */
bool sendmail_set_certificate(
    struct sendmail_session *s, struct view verify, enum fact_chain chain);

/* Resolves, counts what was left out, frees. */
int sendmail_session_close(struct sendmail *sm, struct sendmail_process *p,
    struct sendmail_session *s);

#endif
