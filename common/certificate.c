/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * certificate.c - dates, names and issuer of a certificate, whole or cut
 *
 * A log line has no room for a large certificate, and a cut one is none to a
 * TLS library. So this walks the DER itself: every length is checked against
 * what is there, and an element that goes on behind the cut is used as far as
 * it goes.
 */

#include "config.h"

#include <string.h>

#include "common/ascii.h"
#include "common/certificate.h"
#include "common/when.h"

/* X.690: identifiers as they stand in a certificate. */
enum tag {
	TAG_BOOLEAN = 0x01,
	TAG_OCTETS = 0x04,
	TAG_OID = 0x06,
	TAG_UTC_TIME = 0x17,
	TAG_GENERALIZED_TIME = 0x18,
	TAG_SEQUENCE = 0x30,
	TAG_SET = 0x31,
	TAG_DNS_NAME = 0x82,   /* [2] of GeneralName */
	TAG_VERSION = 0xa0,    /* [0] */
	TAG_EXTENSIONS = 0xa3, /* [3] */
};

struct element {
	unsigned tag;
	struct view value; /* as far as it is there */
	bool is_whole;     /* else the rest was cut off */
};

static unsigned byte_at(struct view v, size_t i)
{
	return (unsigned char)v.s[i];
}

/* Cuts the next element off the front. False: there is none, or it is odd. */
static bool take(struct view *der, struct element *e)
{
	size_t head = 2;
	size_t len;

	if (der->len < 2) {
		return false;
	}
	e->tag = byte_at(*der, 0);
	len = byte_at(*der, 1);
	if (len >= 0x80) {
		size_t n = len - 0x80;

		/* a certificate of 16 MB and more is none */
		if (n == 0 || n > 3 || der->len < 2 + n) {
			return false;
		}
		len = 0;
		for (size_t i = 0; i < n; i++) {
			len = len << 8 | byte_at(*der, 2 + i);
		}
		head += n;
	}
	e->is_whole = len <= der->len - head;
	if (!e->is_whole) {
		len = der->len - head;
	}
	e->value = view_make(der->s + head, len);
	*der = view_skip(*der, head + len);
	return true;
}

/* The same, if it is of this kind; else nothing is cut off. */
static bool take_tag(struct view *der, enum tag tag, struct element *e)
{
	struct view rest = *der;

	if (!take(&rest, e) || e->tag != (unsigned)tag) {
		return false;
	}
	*der = rest;
	return true;
}

static int two_digits(struct view v, size_t at)
{
	if (!ascii_is_digit(v.s[at]) || !ascii_is_digit(v.s[at + 1])) {
		return -1;
	}
	return (v.s[at] - '0') * 10 + (v.s[at + 1] - '0');
}

/* RFC 5280 4.1.2.5: "YYMMDDhhmmssZ" to 2049, then "YYYYMMDDhhmmssZ". */
static bool take_time(struct view *der, int64_t *t)
{
	struct element e;
	int field[6];
	int century = 0;
	struct view v;

	if (!take(der, &e) || !e.is_whole) {
		return false;
	}
	v = e.value;
	if (e.tag == TAG_GENERALIZED_TIME && v.len == 15) {
		century = two_digits(v, 0);
		v = view_skip(v, 2);
	} else if (e.tag != TAG_UTC_TIME || v.len != 13) {
		return false;
	}
	for (size_t i = 0; i < 6; i++) {
		field[i] = two_digits(v, 2 * i);
		if (field[i] < 0) {
			return false;
		}
	}
	if (e.tag == TAG_UTC_TIME) {
		century = field[0] < 50 ? 20 : 19;
	}
	*t = when_utc(century * 100 + field[0], field[1], field[2], field[3],
	    field[4], field[5]);
	return century >= 0 && v.s[12] == 'Z' && field[1] >= 1 &&
	    field[1] <= 12;
}

/* RFC 6125 6.4.3: the wildcard is the whole first label. */
static bool is_host(struct view pattern, struct view host)
{
	if (pattern.len > 0 && pattern.s[pattern.len - 1] == '.') {
		pattern.len--;
	}
	if (view_take(&pattern, "*")) {
		host = view_skip(host, view_index(host, '.'));
		/* ".example" alone would match every domain below it */
		if (!view_starts(pattern, ".") ||
		    view_index(view_skip(pattern, 1), '.') == pattern.len - 1) {
			return false;
		}
	}
	return host.len > 0 && view_is_nocase(pattern, host);
}

/* Names as they come by. */
struct names {
	struct view host;
	bool has_dns;
	bool is_dns; /* one of the dNSNames matches */
	bool is_cn;  /* one of the commonNames matches */
};

/* Name ::= SEQUENCE OF SET OF SEQUENCE { type, value } */
static void look_at_subject(struct view subject, struct names *names)
{
	static const char common_name[] = "\x55\x04\x03";
	struct element set;
	struct element pair;
	struct element type;
	struct element value;

	while (take_tag(&subject, TAG_SET, &set)) {
		while (take_tag(&set.value, TAG_SEQUENCE, &pair)) {
			if (take_tag(&pair.value, TAG_OID, &type) &&
			    view_is(type.value, common_name) &&
			    take(&pair.value, &value) && value.is_whole) {
				names->is_cn |=
				    is_host(value.value, names->host);
			}
		}
	}
}

/* GeneralNames ::= SEQUENCE OF GeneralName */
static void look_at_alt_names(struct view value, struct names *names)
{
	struct element list;
	struct element name;

	if (!take_tag(&value, TAG_SEQUENCE, &list)) {
		return;
	}
	while (take(&list.value, &name)) {
		if (name.tag == TAG_DNS_NAME) {
			names->has_dns = true;
			names->is_dns |=
			    name.is_whole && is_host(name.value, names->host);
		}
	}
}

/* BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, ... } */
static bool is_authority(struct view value)
{
	struct element list;
	struct element flag;

	return take_tag(&value, TAG_SEQUENCE, &list) &&
	    take_tag(&list.value, TAG_BOOLEAN, &flag) && flag.value.len == 1 &&
	    flag.value.s[0] != 0;
}

/* Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue } */
static void look_at_extension(
    struct view extension, struct certificate *c, struct names *names)
{
	struct element oid;
	struct element critical;
	struct element value;

	if (!take_tag(&extension, TAG_OID, &oid)) {
		return;
	}
	(void)take_tag(&extension, TAG_BOOLEAN, &critical);
	if (!take_tag(&extension, TAG_OCTETS, &value)) {
		return;
	}
	if (view_is(oid.value, "\x55\x1d\x11")) {
		look_at_alt_names(value.value, names);
	} else if (view_is(oid.value, "\x55\x1d\x13")) {
		c->is_authority = is_authority(value.value);
	}
}

/*
 * What follows subject: the key, identifiers nobody uses, extensions. Sets
 * is_whole where nothing is missing.
 */
static void look_behind_subject(
    struct view rest, struct certificate *c, struct names *names)
{
	struct element e;
	struct element list;
	bool is_whole = take_tag(&rest, TAG_SEQUENCE, &e) && e.is_whole;

	while (is_whole && take(&rest, &e)) {
		is_whole = e.is_whole;
		if (e.tag != TAG_EXTENSIONS ||
		    !take_tag(&e.value, TAG_SEQUENCE, &list)) {
			continue;
		}
		while (take_tag(&list.value, TAG_SEQUENCE, &e)) {
			is_whole &= e.is_whole;
			look_at_extension(e.value, c, names);
		}
		is_whole &= list.value.len == 0;
	}
	c->is_whole = is_whole && rest.len == 0;
}

/* TBSCertificate up to subject. False: it was not there as a whole. */
static bool look_at_head(
    struct view *tbs, struct certificate *c, struct names *names)
{
	struct element e;
	struct element issuer;
	struct element validity;
	struct element subject;

	(void)take_tag(tbs, TAG_VERSION, &e);
	/* serial number, signature algorithm */
	if (!take(tbs, &e) || !take_tag(tbs, TAG_SEQUENCE, &e) ||
	    !take_tag(tbs, TAG_SEQUENCE, &issuer) ||
	    !take_tag(tbs, TAG_SEQUENCE, &validity) ||
	    !take_time(&validity.value, &c->from) ||
	    !take_time(&validity.value, &c->until)) {
		return false;
	}
	c->has_dates = true;
	if (!take_tag(tbs, TAG_SEQUENCE, &subject) || !subject.is_whole) {
		return false;
	}
	c->has_names = true;
	look_at_subject(subject.value, names);
	c->is_self_issued = view_eq(issuer.value, subject.value);
	return true;
}

static enum fact_name name_verdict(
    const struct certificate *c, const struct names *names)
{
	if (names->is_dns) {
		return FACT_NAME_MATCH;
	}
	if (!c->is_whole || names->host.len == 0) {
		return FACT_NAME_UNKNOWN;
	}
	return names->is_cn && !names->has_dns ? FACT_NAME_MATCH :
						 FACT_NAME_MISMATCH;
}

void certificate_look(
    struct view der, int64_t t, struct view host, struct certificate *out)
{
	struct names names = { .host = host };
	struct element cert;
	struct element tbs;

	*out = (struct certificate){ 0 };
	if (!take_tag(&der, TAG_SEQUENCE, &cert) ||
	    !take_tag(&cert.value, TAG_SEQUENCE, &tbs)) {
		return;
	}
	if (look_at_head(&tbs.value, out, &names)) {
		look_behind_subject(tbs.value, out, &names);
		out->is_whole &= tbs.is_whole;
		out->name = name_verdict(out, &names);
	}
	if (!out->has_dates) {
		return;
	}
	if (t > out->until) {
		out->fault = FACT_CHAIN_EXPIRED;
	} else if (t < out->from) {
		out->fault = FACT_CHAIN_NOT_YET_VALID;
	} else if (out->is_self_issued) {
		out->fault = FACT_CHAIN_SELF_SIGNED;
	}
}
