/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_REPORT_H
#define COMMON_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/judge.h"
#include "common/policy_set.h"
#include "common/record.h"
#include "common/strbuf.h"
#include "common/tally.h"

/*
 * One RFC 8460 report: one policy domain's day. Made from facts, then
 * written as JSON, gzip and mail. The same input always gives the same bytes
 * (promise 6): no clock, no randomness.
 */

enum {
	REPORT_SITE_MAX = 63
};

/* Who reports; borrowed, checked by the configuration. */
struct report_sender {
	const char *organization; /* organization-name */
	const char *contact;      /* contact-info: addr-spec (R84) */
	const char *from;         /* From: of the mail, same domain */
	const char *submitter;    /* domain of contact, normalised (R143) */
	const char *site;         /* tells senders of one submitter apart;
	                             REPORT_SITE_MAX; NULL: the only one */
	bool sending_mta_ip;      /* say from which address we sent (R194) */
	enum judge_count count;   /* which policies a session counts under */
};

struct report;

/*
 * Starts an empty report. day: first second of the UTC day; made: the time
 * that stands in Date: (the seal). All borrowed.
 */
struct report *report_new(const struct report_sender *sender,
    struct view domain, int64_t day, int64_t made);
void report_free(struct report *r);

/*
 * What is known to lack of the day, of whatever domain; the text of the mail
 * tells it. Without this call it is nothing.
 */
struct report_notes {
	bool has_gap;   /* part of a log was missing */
	bool is_unread; /* the day was sealed before a log was read */
	bool has_late;  /* sessions came after the seal */
	bool has_lost;  /* sessions whose domain or facts were not kept */
};

void report_set_notes(struct report *r, const struct report_notes *notes);

/*
 * Adds a fact: judges it under what stood at its time (NULL: not known) and
 * counts its sessions (R40-R58) in the elements of the judged policies. Views
 * are copied. Sessions that cannot be judged are counted apart
 * (report_totals). The fact is one of the report's domain. What a peer chose
 * and what may not stand in a report is left out (R98, R99).
 */
void report_add(struct report *r, const struct tally_fact *fact,
    const struct policy_set *set);

/*
 * Adds an event of the domain (policy_set.h: failed_at): one failure (R239).
 * Views are copied.
 */
void report_add_event(struct report *r, const struct policy_set *set);

/*
 * Sessions; one that counts in two elements is one here, and is what the
 * policy that governs says.
 */
struct report_totals {
	uint64_t successes;
	uint64_t failures; /* events too */
	uint64_t unjudged; /* in no element (promise 5) */
};

void report_totals(const struct report *r, struct report_totals *out);

/*
 * Whether there is anything to report (R55): a session under some policy.
 * False: no report is to be made.
 */
bool report_worth(const struct report *r);

/* What one member of failure-details is about. Borrowed from r. */
struct report_failure {
	enum judge_type type;
	struct view reason; /* "": none */
	uint64_t count;     /* sessions */
};

/* The failures one by one; *cursor starts at 0. False at the end. */
bool report_next_failure(
    const struct report *r, size_t *cursor, struct report_failure *out);

/*
 * "yyyymmdd.<16 hex digits>@<submitter>" (R85, R147): the same for the same
 * submitter, site, domain and day. Borrowed from r.
 */
const char *report_id(const struct report *r);

/*
 * R120-R124, without directory: "sender!domain!begin!end!id.json.gz". The id
 * is left out where the name would be longer than REPORT_FILENAME_SHORT, what
 * most file systems take; names of very long domains are longer even so.
 */
enum {
	REPORT_FILENAME_SHORT = 255
};

const char *report_filename(const struct report *r);

enum {
	REPORT_JSON_MAX = 10 * 1000 * 1000
}; /* octets (R105) */

/*
 * Appends the JSON body. Over REPORT_JSON_MAX the rarest failure-details are
 * merged into ones without addresses; totals stay exact (R105). Returns 0,
 * ERR_PARSE (a domain, organization or contact that may not stand in a
 * report) or ERR_TOO_LONG (also when out's own bound is met).
 */
int report_json(struct report *r, struct strbuf *out);

/* Compresses (R125): one member, no name, no time. 0 or ERR_TOO_LONG. */
int report_gzip(const struct strbuf *json, struct strbuf *out);

/*
 * Appends the whole mail to one destination (R130-R150, R170-R173), CRLF line
 * ends: index is the destination's number in the record, from 0, and part of
 * the Message-ID; to is as record.h gives it. Returns 0, ERR_PARSE (an address
 * or domain that may not stand in a header, R150) or ERR_TOO_LONG (out's
 * bound).
 */
int report_mail(struct report *r, const struct strbuf *gz, const char *to,
    unsigned index, struct strbuf *out);

#endif
