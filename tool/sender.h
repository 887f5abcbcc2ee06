/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_SENDER_H
#define TOOL_SENDER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/address.h"
#include "common/dns.h"
#include "common/domain.h"
#include "common/ip.h"
#include "common/mem.h"
#include "send/dkim.h"
#include "tool/check.h"
#include "tool/spf.h"
#include "tool/tool.h"

/*
 * Whether this site is ready to send reports: what the configuration says and
 * what was seen of our own domain (gathered), and what that means (findings,
 * shown as those of a domain). All but the first is pure.
 */

enum {
	SENDER_IPS = 16,    /* addresses that are kept of a kind */
	SENDER_HOSTS = 10,  /* MX hosts */
	SENDER_ANSWER = 160 /* of a mail server */
};

/* A key of ours, and what is published of it. */
struct sender_key {
	struct dkim_info info;
	const char *name; /* in the DNS */
	const char *text; /* that belongs there */
	struct check_text published;
};

enum sender_mailbox_end {
	MAILBOX_NOT_ASKED,
	MAILBOX_ACCEPTED,
	MAILBOX_REFUSED,
	MAILBOX_UNKNOWN /* the answer tells */
};

/* An address that bounces go to, as our MX takes it. */
struct sender_mailbox {
	char address[ADDRESS_MAX + 1]; /* "": none */
	enum sender_mailbox_end end;
	char answer[SENDER_ANSWER]; /* printable ASCII */
};

struct sender {
	const struct conf *conf;
	const char *faults;     /* of who we are: lines; "" for none */
	const char *dkim_fault; /* why there is no key; "" */
	char submitter[DOMAIN_BUF];
	bool is_probing;

	struct sender_key key[CONF_DKIM_KEYS];
	size_t n_keys;

	struct check_text spf;  /* TXT of the envelope sender's domain */
	unsigned n_spf;         /* SPF records in it */
	struct view spf_record; /* the first */
	int spf_rc;             /* of spf_parse() ... */
	struct view spf_at;     /* ... and where it is wrong */
	struct spf *spf_terms;  /* its terms, with their hosts */
	struct check_text dmarc;
	const char *dmarc_domain; /* that has the record; ours, or above it */

	enum dns_status mx_dns;
	bool is_null_mx;
	bool is_implicit;                  /* no MX record */
	const char *mx_host[SENDER_HOSTS]; /* by preference */
	size_t n_mx;
	struct spf_hosts mx_ips; /* of all MX hosts; the first's first */
	struct spf_hosts a_ips;  /* of the domain itself */

	struct ip own[SENDER_IPS]; /* public ones that we sent from */
	size_t n_own;

	struct sender_mailbox plain;  /* envelope-from */
	struct sender_mailbox unique; /* with a part of its own (R148) */
	bool has_delimiter;           /* as recipient-delimiter makes it */
};

/*
 * Gathers. What is pointed to lives in the arena, or borrows the
 * configuration and the keys. Returns 0 or an exit code; what is wrong has
 * been said.
 */
int sender_gather(const struct tool *tool, const struct dkim *keys,
    struct arena *a, struct sender *out);

/* Takes the SPF record from the texts, and asks for what its terms name. The
   answers come with dns_run(). */
void sender_spf_ask(struct dns *dns, struct arena *a, struct sender *s);

/* Asks for the addresses of a name, and adds them. */
void sender_ask_hosts(struct dns *dns, const char *name, struct spf_hosts *out);

/*
 * Asks a mail server whether it takes mail for the addresses, and ends the
 * conversation without any mail; blocks for a bounded time. Sets what is
 * not "" of each.
 */
void sender_mailbox_ask(const struct ip *ip, const char *helo,
    struct sender_mailbox *const *boxes, size_t n);

/* Draws the conclusions. */
void sender_find(const struct sender *s, struct check_findings *f);

/* The part of them that is about the DNS for who sends: SPF, DMARC. */
void sender_find_policies(const struct sender *s, struct check_findings *f);

int cmd_check_sender(const struct tool *tool);

#endif
