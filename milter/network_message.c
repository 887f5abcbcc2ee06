/* SPDX-License-Identifier: BSD-2-Clause */
/* network_message.c - what parent and network child say to each other */

#include "config.h"

#include <inttypes.h>
#include <stdbool.h>

#include "common/domain.h"
#include "common/err.h"
#include "milter/network_message.h"

static const struct {
	const char *word;
	bool has_times;
	bool has_content;
	bool has_ip; /* and an MX host */
} kinds[] = {
	[NETWORK_WANT] = { "want", false, false, false },
	[NETWORK_POLICY] = { "policy", true, true, false },
	[NETWORK_EVENT] = { "event", true, true, false },
	[NETWORK_QUIET] = { "quiet", true, false, false },
	[NETWORK_LATER] = { "later", true, false, false },
	[NETWORK_HEALTH] = { "health", false, false, false },
	[NETWORK_PROBE] = { "probe", false, false, true },
	[NETWORK_PROBED] = { "probed", true, true, true },
	[NETWORK_UNPROBED] = { "unprobed", true, false, true },
};

enum {
	N_KINDS = sizeof(kinds) / sizeof(kinds[0])
};

/* The next word of a line; words are parted by one blank. */
static struct view take_word(struct view *line)
{
	size_t len = view_index(*line, ' ');
	struct view word = view_make(line->s, len);

	*line = view_skip(*line, len < line->len ? len + 1 : len);
	return word;
}

/* A name that is in its normal form already. */
static bool take_name(struct view *line, struct view *name)
{
	char normal[DOMAIN_BUF];

	*name = take_word(line);
	return domain_normalise(*name, normal) > 0 && view_is(*name, normal);
}

static bool take_time(struct view *line, int64_t *t)
{
	unsigned long long value;

	if (view_number(take_word(line), INT64_MAX, &value) != 0) {
		return false;
	}
	*t = (int64_t)value;
	return true;
}

/* An address in the one form that we write. */
static bool take_ip(struct view *line, struct ip *ip)
{
	char text[IP_TEXT_MAX];
	struct view word = take_word(line);

	return ip_parse(word, ip) == 0 && ip_is_known(ip) &&
	    view_is(word, ip_format(ip, text));
}

static bool take_kind(struct view *line, enum network_kind *kind)
{
	struct view word = take_word(line);

	for (unsigned i = 0; i < N_KINDS; i++) {
		if (view_is(word, kinds[i].word)) {
			*kind = (enum network_kind)i;
			return true;
		}
	}
	return false;
}

static bool is_health(struct view word)
{
	for (size_t i = 0; i < word.len; i++) {
		if ((word.s[i] < 'a' || word.s[i] > 'z') && word.s[i] != '-') {
			return false;
		}
	}
	return word.len > 0 && word.len <= NETWORK_WORD_MAX;
}

static bool read_line(struct view line, struct network_message *m)
{
	if (!take_kind(&line, &m->kind)) {
		return false;
	}
	if (m->kind == NETWORK_HEALTH) {
		m->word = take_word(&line);
		return is_health(m->word) && line.len == 0;
	}
	if (!take_name(&line, &m->domain)) {
		return false;
	}
	if (view_is(line, "-") || view_starts(line, "- ")) {
		if (kinds[m->kind].has_ip) {
			return false;
		}
		(void)take_word(&line);
	} else if (!take_name(&line, &m->mx)) {
		return false;
	}
	if (kinds[m->kind].has_ip && !take_ip(&line, &m->ip)) {
		return false;
	}
	if (kinds[m->kind].has_times &&
	    (!take_time(&line, &m->since) || !take_time(&line, &m->again))) {
		return false;
	}
	return line.len == 0;
}

int network_message_parse(struct view text, struct network_message *out)
{
	size_t end = view_index(text, '\n');

	*out = (struct network_message){ 0 };
	if (text.len > NETWORK_MESSAGE_MAX || end == text.len ||
	    !read_line(view_make(text.s, end), out)) {
		return ERR_PARSE;
	}
	out->content = view_skip(text, end + 1);
	if ((out->content.len > 0) != kinds[out->kind].has_content ||
	    out->content.len > POLICY_CONTENT_MAX) {
		return ERR_PARSE;
	}
	return 0;
}

int network_message_write(const struct network_message *m, struct strbuf *out)
{
	size_t before = out->len;
	char ip[IP_TEXT_MAX];

	strbuf_adds(out, kinds[m->kind].word);
	strbuf_addc(out, ' ');
	if (m->kind == NETWORK_HEALTH) {
		strbuf_addv(out, m->word);
	} else {
		strbuf_addv(out, m->domain);
		strbuf_addc(out, ' ');
		strbuf_addv(out, m->mx.len > 0 ? m->mx : view_of("-"));
	}
	if (kinds[m->kind].has_ip) {
		strbuf_addf(out, " %s", ip_format(&m->ip, ip));
	}
	if (kinds[m->kind].has_times) {
		strbuf_addf(out, " %" PRId64 " %" PRId64, m->since, m->again);
	}
	strbuf_addc(out, '\n');
	strbuf_addv(out, m->content);
	return out->failed || out->len - before > NETWORK_MESSAGE_MAX ?
	    ERR_TOO_LONG :
	    0;
}
