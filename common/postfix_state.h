/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_POSTFIX_STATE_H
#define COMMON_POSTFIX_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/domain.h"
#include "common/mta_type.h"
#include "common/postfix_line.h"
#include "common/postfix_result.h"
#include "common/postfix_timer.h"

/*
 * What the parser of Postfix's log remembers. All of it goes by three rules
 * that let a second reading of the log end in the same state (mta.h): it ends
 * by its own deadline (postfix_timer.h), where a table is full the oldest goes,
 * and until it ends, the lines that it was made of are among those that
 * mta_oldest() keeps.
 */
enum {
	POSTFIX_PROCESSES = 16384, /* of which something is remembered */
	POSTFIX_ALL_SESSIONS = 65536,
	POSTFIX_SESSIONS = 32,      /* a process: one delivery tries fewer */
	POSTFIX_PROXIED = 256,      /* handshakes of tlsproxy(8) */
	POSTFIX_MARKS = 16384,      /* messages that do not count */
	POSTFIX_CONNECTIONS = 4096, /* that may be used again */
	POSTFIX_DOMAINS = 8,        /* a connection: for which it counted */
	POSTFIX_BUCKETS = 4096,     /* of each table by hash */
	POSTFIX_SERVICES = 1024,    /* by hash */
	/* seconds of log time */
	POSTFIX_WAIT_S = 7200,      /* a delivery goes on after a line */
	POSTFIX_SERVED_S = 60,      /* its other recipients follow a to= line */
	POSTFIX_PROXIED_S = 60,     /* smtp(8) follows tlsproxy(8) */
	POSTFIX_MARK_S = 21600,     /* a message is sent after it was marked */
	POSTFIX_CONNECTION_S = 300, /* a connection was used again */
	POSTFIX_EVIDENCE_S = 86400, /* the log told of TLS */
	/* deliveries since it did, of which it did not */
	POSTFIX_EVIDENCE_USES = 200,
	/* bytes of log that may be read again for nothing else */
	POSTFIX_EVIDENCE_BYTES = 64 << 20,
};

/*
 * In clear, as our TLS level allows: the log does not tell whether STARTTLS
 * was not offered or refused.
 */
#define POSTFIX_CLEAR_REASON "starttls-not-offered-or-refused"

/* One connection to a server, or an attempt that was given up before. */
struct postfix_session {
	TAILQ_ENTRY(postfix_session) link;
	uint64_t pos;          /* first line that it needs */
	int64_t t;             /* when it began */
	uint64_t message;      /* that it was for; 0: not told yet */
	enum counter noted;    /* why that does not count, see
	                          postfix_mark_noted() */
	char host[DOMAIN_BUF]; /* as logged; "" if it is longer */
	char mx[DOMAIN_BUF];   /* normalised; "" if it is no name */
	struct ip ip;
	unsigned port;           /* 0: not told yet */
	bool is_counted;         /* already: only what follows is told of it */
	bool is_local;           /* a unix socket */
	bool is_literal;         /* the next hop was an address */
	bool is_over;            /* a line said how it ended */
	bool is_reached;         /* a mail transaction was possible */
	bool is_told;            /* at that time the log told of TLS */
	bool is_content;         /* the TLS level was reached */
	bool is_unverified;      /* given up because of the certificate */
	bool has_verify;         /* a line said what is wrong with it */
	bool has_result;         /* Postfix gave a result, see result */
	bool has_tlsrpt;         /* in a line of its own */
	char domain[DOMAIN_BUF]; /* next hop as a line named it; "[]": address
	                             literal; "": not told */
	enum postfix_trust trust;
	struct postfix_seen seen;
	enum postfix_result result;
	char detail[POSTFIX_DETAIL_MAX + 1]; /* of the result */
	char version[17];
	char level[33];
	enum counter left_out; /* why; or COUNTER_COUNT */
};

TAILQ_HEAD(postfix_sessions, postfix_session);

/* The session whose recipients were told last by a process. */
struct postfix_served {
	struct postfix_timer timer;        /* first; runs: there is one */
	LIST_ENTRY(postfix_served) bucket; /* by message */
	uint64_t pos;                      /* its latest to= line */
	uint64_t message;                  /* see postfix_message() */
	uint64_t server;                   /* hash of the server's name */
	uint64_t session;                  /* hash of relay= and delays= */
	struct postfix_process *process;
};

LIST_HEAD(postfix_served_bucket, postfix_served);

/* A process of smtp(8) or lmtp(8); it delivers one message at a time. */
struct postfix_process {
	struct postfix_timer timer; /* first; runs: it is in a delivery */
	TAILQ_ENTRY(postfix_process) link;
	LIST_ENTRY(postfix_process) bucket;
	uint64_t host; /* hash of the log's host name */
	uint32_t pid;
	int64_t last;       /* time of its latest line */
	uint64_t fault_pos; /* our tlsproxy(8) was not there; UINT64_MAX: it
	                       was */
	struct postfix_sessions sessions;
	unsigned n_sessions;
	struct postfix_served served;
};

TAILQ_HEAD(postfix_processes, postfix_process);
LIST_HEAD(postfix_process_bucket, postfix_process);

/* A handshake that tlsproxy(8) did for a process that is not known. */
struct postfix_proxied {
	struct postfix_timer timer; /* first */
	TAILQ_ENTRY(postfix_proxied) link;
	uint64_t host;
	uint32_t pid;
	bool is_done;      /* the handshake is over */
	bool is_timed_out; /* as the latest line of its process says */
	struct postfix_session session;
};

TAILQ_HEAD(postfix_proxied_list, postfix_proxied);

/* A message that does not count. */
struct postfix_mark {
	struct postfix_timer timer; /* first */
	TAILQ_ENTRY(postfix_mark) link;
	LIST_ENTRY(postfix_mark) bucket;
	uint64_t pos;
	uint64_t message;
	enum counter why; /* COUNTER_OWN_REPORT or COUNTER_TLS_REQUIRED */
};

/* A connection that is kept open, for all that one can tell. */
struct postfix_connection {
	struct postfix_timer timer; /* first */
	TAILQ_ENTRY(postfix_connection) link;
	LIST_ENTRY(postfix_connection) bucket;
	uint64_t pos;                     /* first line that it needs */
	uint64_t server;                  /* see postfix_connection_to() */
	uint64_t message;                 /* the latest, */
	uint64_t session;                 /* and what all its to= lines share */
	unsigned uses;                    /* so many messages */
	bool is_void;                     /* it is no session of anybody */
	unsigned n_domains;               /* for which it was counted, */
	uint64_t domain[POSTFIX_DOMAINS]; /* their hashes */
	struct postfix_session told;      /* what is known of the session */
};

TAILQ_HEAD(postfix_connection_list, postfix_connection);
LIST_HEAD(postfix_connection_bucket, postfix_connection);

TAILQ_HEAD(postfix_mark_list, postfix_mark);
LIST_HEAD(postfix_mark_bucket, postfix_mark);

/* That a service of Postfix logs TLS at all. */
struct postfix_evidence {
	struct postfix_timer timer; /* first; runs: there is some */
	uint64_t service;           /* hash of the whole ident */
	uint64_t instance;          /* hash of its first part */
	uint64_t pos;               /* of the latest line that shows it */
	unsigned uses;              /* left */
};

struct postfix {
	struct mta mta; /* first */
	uint64_t pos;   /* of the latest line */
	struct postfix_timers timers;
	struct postfix_processes processes; /* the latest to log last */
	struct postfix_process_bucket process[POSTFIX_BUCKETS];
	unsigned n_processes;
	struct postfix_served_bucket served[POSTFIX_BUCKETS];
	unsigned n_sessions; /* of all processes */
	struct postfix_proxied_list proxied;
	unsigned n_proxied;
	struct postfix_mark_list marks; /* the oldest first */
	struct postfix_mark_bucket marked[POSTFIX_BUCKETS];
	unsigned n_marks;
	struct postfix_connection_list connections; /* the latest used last */
	struct postfix_connection_bucket connection[POSTFIX_BUCKETS];
	unsigned n_connections;
	struct postfix_evidence evidence[POSTFIX_SERVICES];
};

/* A line and where it comes from. */
struct postfix_event {
	uint64_t pos;
	const struct syslog_line *line;
	struct view instance; /* "postfix" of "postfix/relay/smtp" */
	struct view service;  /* "smtp" */
	struct postfix_line l;
};

/* Adds one to a counter; returns 0 or what the sink returned. */
int postfix_bump(struct postfix *pf, int64_t t, enum counter c);

/* The message of a line's queue id, never 0: ids are unique per instance. */
uint64_t postfix_message(const struct postfix_event *e);

/* Hash of the log's host name. */
uint64_t postfix_host(const struct postfix_event *e);

/* --- postfix_session.c: what is known of one session --- */

/* All empty, but for what the peer tells. */
void postfix_session_init(struct postfix_session *s, uint64_t pos, int64_t t,
    const struct postfix_peer *peer);

/* Could it be a session with this server? What is not told, agrees. */
bool postfix_session_is_with(
    const struct postfix_session *s, const struct postfix_peer *peer);

/* Adds what the peer tells beside. */
void postfix_session_add_peer(
    struct postfix_session *s, const struct postfix_peer *peer);

/* Sets domain, and port if it is named, from a next hop as logged. */
void postfix_session_set_domain(struct postfix_session *s, struct view nexthop);

/* A line about TLS. False: it is about another session with this server. */
bool postfix_session_add_tls(
    struct postfix_session *s, const struct postfix_line *l);

/* How it ended, and tls= of the line that says so ("" for none). */
void postfix_session_end(struct postfix_session *s,
    const struct postfix_reason *reason, struct view tls);

/* What is concluded of it needs that line, too; UINT64_MAX: none. */
void postfix_session_need(struct postfix_session *s, uint64_t pos);

/* Takes over what tlsproxy(8) told of the same handshake. */
void postfix_session_add_proxied(
    struct postfix_session *s, const struct postfix_session *proxied);

/* --- postfix_outcome.c: its fact --- */

/*
 * All is told: counts it for the next hop if that was told, else for a
 * recipient's domain (normalised; "": not told). why: the message does not
 * count, or why no domain was told; COUNTER_COUNT for neither. Returns 0 or
 * what the sink returned.
 */
int postfix_session_emit(struct postfix *pf, struct postfix_session *s,
    const char *domain, enum counter why);

/* Does it count, whatever the message was and whosever? Changes nothing. */
bool postfix_session_counts(const struct postfix_session *s);

/* --- postfix_process.c: the delivering processes --- */

/*
 * The process of a line, made if need be; if there are too many, the one that
 * was silent the longest is closed. Returns 0 or what the sink returned.
 */
int postfix_process_get(struct postfix *pf, const struct postfix_event *e,
    struct postfix_process **out);

/* Notes that a line was worked on; a process that holds nothing is freed. */
void postfix_process_touch(
    struct postfix *pf, struct postfix_process *p, int64_t t);

/* Closes what is open of it. Frees it if nothing else is known of it. */
int postfix_process_close(
    struct postfix *pf, struct postfix_process *p, bool expired);

/* Counts nothing; for the end of the parser. */
void postfix_process_free(struct postfix *pf, struct postfix_process *p);

/* The first line that its delivery needs; UINT64_MAX: none. */
uint64_t postfix_process_oldest(const struct postfix_process *p);

/* A new session, the last; if there are too many, the oldest are closed. */
int postfix_process_add(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e, const struct postfix_peer *peer,
    struct postfix_session **out);

/* The session that goes on, if it is with this server; or NULL. */
struct postfix_session *postfix_process_current(
    const struct postfix_process *p, const struct postfix_peer *peer);

/* Counts a session and frees it; see postfix_session_emit(). */
int postfix_process_emit(struct postfix *pf, struct postfix_process *p,
    struct postfix_session *s, const char *domain, enum counter why);

/*
 * A line names the message that the process is about: sessions that name none
 * were for it, those of another end here.
 */
int postfix_process_set_message(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e);

/* The same of a session of which it is known that it is for this message. */
void postfix_session_set_message(const struct postfix *pf,
    struct postfix_session *s, const struct postfix_event *e);

/* Hash of a server's name and address. */
uint64_t postfix_server_hash(const struct postfix_peer *peer);

/*
 * Hash of what all to= lines of a session share: the parts of delays= that are
 * over when the first recipient is told differ between two attempts.
 */
uint64_t postfix_session_hash(const struct postfix_line *l);

/*
 * Is the to= line about the session that was told last? Notes the line if so;
 * else the session is over.
 */
bool postfix_served_again(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e);

/*
 * The same of a line about a part of the recipients, which tells less; *pos is
 * then moved to where the session was told.
 */
bool postfix_served_goes_on(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e, uint64_t *pos);

/* Notes the session of a to= line. */
void postfix_served_set(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e);

/* Forgets it; the process stays. */
void postfix_served_drop(struct postfix *pf, struct postfix_served *served);

/* A message is gone, and with it what was known of its sessions. */
void postfix_served_removed(struct postfix *pf, uint64_t message);

/* --- postfix_delivery.c: one handler a kind of line of smtp(8) --- */

/* TLS_UP, TLS_ERROR, VERIFY, UNUSABLE, TLSRPT, LIBRARY */
int postfix_delivery_tls(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e);

/* TLS_REUSED: no session of its own. */
int postfix_delivery_reused(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e);

/* OFFERED: we want no TLS with a server. */
int postfix_delivery_offered(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e);

/* LOOKUP, MX_MISMATCH: a server was not tried at all. */
int postfix_delivery_skip(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e);

/* PART */
int postfix_delivery_part(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e);

/* TO */
int postfix_delivery_to(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e);

/* --- postfix_connection.c: connections that carry more than one message --- */

/*
 * A to= line with a relay, before the process's sessions are counted: the
 * connection of the last may carry other messages later, or it is one of those
 * and counts for another domain. domain, why: see postfix_session_emit().
 * Returns 0 or what the sink returned.
 */
int postfix_connection_to(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e, const char *domain, enum counter why);

void postfix_connection_drop(struct postfix *pf, struct postfix_connection *c);

/* --- postfix_proxy.c: what tlsproxy(8) says --- */

void postfix_proxy_line(struct postfix *pf, const struct postfix_event *e);
void postfix_proxied_drop(struct postfix *pf, struct postfix_proxied *x);

/*
 * The latest handshake with the line's server that came up or failed, and is
 * for this domain ("": any) as far as it is told. NULL: none, or several that
 * differ in the domain; of a server without address, several. *pos: the first
 * line that the answer needs, UINT64_MAX: none.
 */
const struct postfix_session *postfix_proxied_find(const struct postfix *pf,
    const struct postfix_event *e, enum fact_tls tls, const char *domain,
    uint64_t *pos);

/* --- postfix_mark.c: messages that do not count --- */

int postfix_mark_line(struct postfix *pf, const struct postfix_event *e);
void postfix_mark_drop(struct postfix *pf, struct postfix_mark *mark);

/* The line that says that they do not, UINT64_MAX: none. */
uint64_t postfix_mark_pos(const struct postfix *pf, uint64_t message);

/* Why the sessions of a message do not count, or COUNTER_COUNT. */
enum counter postfix_mark_why(const struct postfix *pf, uint64_t message);

/* The same by what was noted of it when it was received. */
enum counter postfix_mark_noted(
    const struct postfix *pf, const struct postfix_event *e);

/* --- postfix_evidence.c: does silence of TLS mean that there was none? --- */

/* A line that is only there with smtp_tls_loglevel 1 or more. */
void postfix_evidence_add(struct postfix *pf, const struct postfix_event *e);

/* An instance was started or configured anew: that line may be missing now. */
void postfix_evidence_drop(struct postfix *pf, const struct postfix_event *e);

/*
 * For each line of a delivery that alone would say nothing of TLS: the position
 * of the line that shows that the log tells of TLS, UINT64_MAX: none.
 */
uint64_t postfix_evidence_use(
    struct postfix *pf, const struct postfix_event *e);

/* The line that it needs, UINT64_MAX if it says nothing any more. */
uint64_t postfix_evidence_oldest(
    const struct postfix *pf, const struct postfix_evidence *evidence);

#endif
