/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon_network.c - the child that looks up policies, as the parent sees it
 *
 * Neither waits for the other: a question that does not go now goes later, and
 * sessions count all the same.
 */

#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "common/err.h"
#include "common/log.h"
#include "milter/daemon_private.h"
#include "milter/network.h"

enum {
	ANSWERS_AT_ONCE = 256, /* then other things get their turn */
	QUESTIONS_AT_ONCE = 256
};

static int run_network(void *ctx, int channel)
{
	const struct daemon *d = ctx;
	const struct network_options o = {
		.conf = &d->conf,
		.state = daemon_state(d, &d->conf),
		.channel = channel,
	};

	return network_run(&o);
}

void daemon_network_init(struct daemon *d)
{
	struct hash_key key = { 0 };
	struct probe_table_options probes = {
		.count = (enum judge_count)d->conf.report.count
	};

	if (getrandom(&key, sizeof(key), 0) != (ssize_t)sizeof(key)) {
		log_warn("no random numbers error=\"%s\"", strerror(errno));
	}
	child_init(&d->network, "network", run_network, d);
	d->network.is_wanted = d->conf.policies.lookup;
	d->policies =
	    policy_table_new(POLICY_TABLE_MAX, POLICY_TABLE_BYTES, &key);
	probes.policies = d->policies;
	probes.key = key;
	d->probes = probe_table_new(&probes);
}

struct probe_table *daemon_network_probes(
    const struct daemon *d, const struct conf *conf)
{
	return conf->policies.lookup && conf->probe != CONF_PROBE_OFF ?
	    d->probes :
	    NULL;
}

/* --- answers -------------------------------------------------------------- */

static void take(struct daemon *d, struct view text)
{
	struct network_message m;

	if (network_message_parse(text, &m) != 0) {
		log_warn(
		    "the network child speaks nonsense bytes=%zu", text.len);
	} else if (m.kind == NETWORK_HEALTH) {
		live_set(d->dns_health, m.word);
	} else if (d->feeds != NULL) {
		feeds_learn(d->feeds, &m, daemon_now());
	}
}

static void drain(struct daemon *d)
{
	static char buf[NETWORK_MESSAGE_MAX + 1];

	for (int i = 0; d->network.channel >= 0 && i < ANSWERS_AT_ONCE; i++) {
		ssize_t n =
		    recv(d->network.channel, buf, sizeof(buf), MSG_DONTWAIT);

		if (n <= 0) {
			return;
		}
		take(d, view_make(buf, (size_t)n));
	}
}

static void on_answer(void *ctx)
{
	struct daemon *d = ctx;

	drain(d);
	daemon_network_ask(d);
}

/* --- questions ------------------------------------------------------------ */

static bool ask(const struct daemon *d, const struct network_message *m)
{
	struct strbuf text;
	bool is_sent;

	strbuf_init(&text, NETWORK_MESSAGE_MAX);
	(void)network_message_write(m, &text);
	is_sent = send(d->network.channel, text.s, text.len,
		      MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
	strbuf_release(&text);
	return is_sent;
}

void daemon_network_ask(struct daemon *d)
{
	int64_t now = daemon_now();
	struct network_message m = { .kind = NETWORK_WANT };
	int n = 0;

	if (d->network.channel < 0) {
		return;
	}
	while (n++ < QUESTIONS_AT_ONCE &&
	    policy_table_next(d->policies, now, &m.domain, &m.mx) &&
	    ask(d, &m)) {
		policy_table_asked(d->policies, now);
	}
	if (daemon_network_probes(d, &d->conf) == NULL) {
		return;
	}
	while (n++ < QUESTIONS_AT_ONCE &&
	    probe_table_next(d->probes, now, &m) && ask(d, &m)) {
		probe_table_asked(d->probes, now);
	}
}

/* --- its life ------------------------------------------------------------- */

void daemon_network_tick(struct daemon *d, int64_t now)
{
	if (child_tick(&d->network, now)) {
		policy_table_forget_asked(d->policies);
		probe_table_forget_asked(d->probes);
		d->on_answer =
		    loop_add_fd(d->loop, d->network.channel, on_answer, d);
	}
	daemon_network_ask(d);
}

static void leave_channel(struct daemon *d)
{
	drain(d);
	loop_remove(d->on_answer);
	d->on_answer = NULL;
}

void daemon_network_reap(struct daemon *d, int64_t now)
{
	leave_channel(d);
	if (!child_reap(&d->network, now) && d->network.pid != 0) {
		d->on_answer =
		    loop_add_fd(d->loop, d->network.channel, on_answer, d);
	}
	if (d->network.pid == 0) {
		d->dns_health[0] = '\0';
	}
}

void daemon_network_stop(struct daemon *d, unsigned limit_ms)
{
	child_stop(&d->network);
	leave_channel(d);
	child_join(&d->network, limit_ms);
}

void daemon_network_free(struct daemon *d)
{
	probe_table_free(d->probes);
	d->probes = NULL;
	policy_table_free(d->policies);
	d->policies = NULL;
}

void daemon_network_live(const struct daemon *d, struct live_daemon *out)
{
	struct policy_table_counts counts;
	struct probe_table_counts probes;

	policy_table_counts(d->policies, &counts);
	probe_table_counts(d->probes, &probes);
	out->has_network = d->network.is_wanted;
	out->network_runs = d->network.pid != 0;
	out->network_starts = d->network.starts;
	live_set(out->dns_health, view_of(d->dns_health));
	out->policies = counts.known;
	out->questions = counts.asked + counts.waiting;
	out->policies_dropped = counts.dropped;
	out->has_probes = daemon_network_probes(d, &d->conf) != NULL;
	out->probes_open = probes.asked + probes.waiting;
	out->probes_seen = probes.seen;
	out->probes_unseen = probes.unseen;
	out->probes_dropped = probes.dropped + probes.nonsense;
}

static bool is_same_list(char *const *a, char *const *b)
{
	if (a == NULL || b == NULL) {
		return a == b;
	}
	while (*a != NULL && *b != NULL && strcmp(*a, *b) == 0) {
		a++;
		b++;
	}
	return *a == NULL && *b == NULL;
}

void daemon_network_reload(struct daemon *d, const struct conf *old)
{
	const struct conf *c = &d->conf;

	probe_table_set_count(d->probes, (enum judge_count)c->report.count);
	if (c->policies.lookup && !old->policies.lookup) {
		daemon_warn_of_sandbox(d, true, "policies.lookup");
	}
	if (!c->policies.lookup) {
		child_stop(&d->network);
	} else if (!old->policies.lookup || c->policies.local != NULL ||
	    old->policies.local != NULL || c->probe != old->probe ||
	    !conf_is_same(c->state, old->state) ||
	    !is_same_list(c->dns.servers, old->dns.servers) ||
	    !conf_is_same(c->dns.local_data, old->dns.local_data) ||
	    !conf_is_same(c->dns.trust_anchor, old->dns.trust_anchor) ||
	    !conf_is_same(c->mta_sts.ca_file, old->mta_sts.ca_file) ||
	    c->dns.recursion != old->dns.recursion ||
	    c->dns.parallel != old->dns.parallel ||
	    c->dns.timeout_s != old->dns.timeout_s ||
	    c->mta_sts.allow_private != old->mta_sts.allow_private) {
		policy_table_ask_again(d->policies);
		child_restart(&d->network);
	}
}
