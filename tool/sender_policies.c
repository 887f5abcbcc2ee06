/* SPDX-License-Identifier: BSD-2-Clause */
/* sender_policies.c - our SPF and DMARC records, as findings */

#include "config.h"

#include <string.h>

#include "common/ascii.h"
#include "common/err.h"
#include "common/log.h"
#include "tool/sender.h"

/* Was there an answer, with records or without? Else it is told. */
static bool is_answered(
    struct check_findings *f, const char *topic, const struct check_text *text)
{
	switch (text->dns) {
	case DNS_ANSWER:
	case DNS_NODATA:
	case DNS_NXDOMAIN:
		return true;
	case DNS_BOGUS:
		check_add(f, CHECK_BAD, topic,
		    "the answer for the record is bogus (DNSSEC)");
		return false;
	case DNS_SERVFAIL:
	case DNS_TIMEOUT:
	case DNS_ERROR:
		break;
	}
	check_add(f, CHECK_UNKNOWN, topic,
	    "the record could not be looked up: %s",
	    dns_status_word(text->dns));
	return false;
}

/* --- SPF --- */

/* The record to publish, by what is known. */
static void find_no_spf(const struct sender *s, struct check_findings *f)
{
	char buf[IP_TEXT_MAX];
	struct strbuf text;

	strbuf_init(&text, 1000);
	for (size_t i = 0; i < s->n_own; i++) {
		const char *ip = ip_format(&s->own[i], buf);

		strbuf_addf(&text, " %s:%s",
		    strchr(ip, ':') != NULL ? "ip6" : "ip4", ip);
	}
	check_add(f, CHECK_WARNING, "spf",
	    "no record: publish: %s. TXT \"v=spf1%s ~all\"%s", s->submitter,
	    s->n_own > 0 ? strbuf_str(&text) : " a mx",
	    s->n_own > 0 ? ", with whatever else sends mail" : "");
	strbuf_release(&text);
}

static void find_address(
    const struct spf *spf, const struct ip *ip, struct check_findings *f)
{
	char buf[IP_TEXT_MAX];
	char shown[LOG_ESCAPE_BUF];
	const char *text = ip_format(ip, buf);
	struct view why;

	switch (spf_evaluate(spf, ip, &why)) {
	case SPF_PASS:
		check_add(f, CHECK_OK, "spf", "covers %s, which sends", text);
		break;
	case SPF_FAIL:
		check_add(f, CHECK_BAD, "spf",
		    "says that %s, which sends, may not: add %s:%s", text,
		    strchr(text, ':') != NULL ? "ip6" : "ip4", text);
		break;
	case SPF_SOFTFAIL:
	case SPF_NEUTRAL:
		check_add(f, CHECK_WARNING, "spf",
		    "does not cover %s, which sends: add %s:%s", text,
		    strchr(text, ':') != NULL ? "ip6" : "ip4", text);
		break;
	case SPF_UNKNOWN:
		check_add(f, CHECK_WARNING, "spf",
		    "whether it covers %s, which sends, depends on %s, which "
		    "is not evaluated here",
		    text, log_escape(why, shown));
		break;
	}
}

static void find_spf_record(const struct sender *s, struct check_findings *f)
{
	struct check_finding *finding;

	if (s->spf_rc != 0) {
		finding = check_add(f, CHECK_BAD, "spf",
		    s->spf_rc == ERR_FULL ? "the record has too many terms" :
					    "the record counts as broken");
		finding->record = s->spf_record;
		finding->has_error = true;
		finding->error_at = (size_t)(s->spf_at.s - s->spf_record.s);
		return;
	}
	for (size_t i = 0; i < s->n_own; i++) {
		find_address(s->spf_terms, &s->own[i], f);
	}
	if (s->n_own == 0) {
		check_add(f, CHECK_OK, "spf",
		    "there is a record; which addresses send is not known "
		    "here");
	}
}

static void find_spf(const struct sender *s, struct check_findings *f)
{
	if (!is_answered(f, "spf", &s->spf)) {
		return;
	}
	if (s->n_spf == 0) {
		find_no_spf(s, f);
	} else if (s->n_spf > 1) {
		check_add(f, CHECK_BAD, "spf",
		    "%u records, expected one: they count as broken", s->n_spf);
	} else {
		find_spf_record(s, f);
	}
}

/* --- DMARC --- */

/* The value of a tag; "" for none. */
static struct view dmarc_tag(struct view record, const char *name)
{
	while (record.len > 0) {
		size_t len = view_index(record, ';');
		struct view tag = view_make(record.s, len);
		size_t at;

		record = view_skip(record, len < record.len ? len + 1 : len);
		while (tag.len > 0 && ascii_is_wsp(tag.s[0])) {
			tag = view_skip(tag, 1);
		}
		at = view_index(tag, '=');
		if (at == tag.len) {
			continue;
		}
		len = at;
		while (len > 0 && ascii_is_wsp(tag.s[len - 1])) {
			len--;
		}
		if (view_is_nocase(view_make(tag.s, len), view_of(name))) {
			tag = view_skip(tag, at + 1);
			while (tag.len > 0 && ascii_is_wsp(tag.s[0])) {
				tag = view_skip(tag, 1);
			}
			while (
			    tag.len > 0 && ascii_is_wsp(tag.s[tag.len - 1])) {
				tag.len--;
			}
			return tag;
		}
	}
	return view_of("");
}

/*
 * From, d= and the envelope sender are of one domain, exactly (RFC 7489 3.1):
 * aligned whatever the record asks for.
 */
static void find_dmarc_record(
    const struct sender *s, struct view record, struct check_findings *f)
{
	struct view p = dmarc_tag(record, "p");
	struct view sp = dmarc_tag(record, "sp");

	if (strcmp(s->dmarc_domain, s->submitter) != 0 && sp.len > 0) {
		p = sp;
	}
	if (!view_is_nocase(p, view_of("none")) &&
	    !view_is_nocase(p, view_of("quarantine")) &&
	    !view_is_nocase(p, view_of("reject"))) {
		check_add(f, CHECK_BAD, "dmarc",
		    "the record of %s has no policy (p=)", s->dmarc_domain);
		return;
	}
	check_add(f, CHECK_OK, "dmarc",
	    "record of %s, policy %.*s; From, d= and the envelope sender are "
	    "of one domain, so reports are aligned",
	    s->dmarc_domain, (int)p.len, p.s);
}

static void find_dmarc(const struct sender *s, struct check_findings *f)
{
	struct view record = view_of("");
	unsigned n = 0;

	if (!is_answered(f, "dmarc", &s->dmarc)) {
		return;
	}
	for (size_t i = 0; i < s->dmarc.n; i++) {
		if (view_starts(s->dmarc.texts[i], "v=DMARC1")) {
			record = s->dmarc.texts[i];
			n++;
		}
	}
	if (n == 0) {
		check_add(f, CHECK_WARNING, "dmarc",
		    "no record: publish, to begin with: _dmarc.%s. TXT "
		    "\"v=DMARC1; p=none\"",
		    s->submitter);
	} else if (n > 1) {
		check_add(f, CHECK_BAD, "dmarc",
		    "%u records at _dmarc.%s, expected one: they count as none",
		    n, s->dmarc_domain);
	} else {
		find_dmarc_record(s, record, f);
	}
}

void sender_find_policies(const struct sender *s, struct check_findings *f)
{
	find_spf(s, f);
	find_dmarc(s, f);
}
