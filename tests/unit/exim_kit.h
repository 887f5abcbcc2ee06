/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exim_kit.h - Exim's lines for tables of scenarios
 *
 * Records are written short: "REC ev=tcp:close lport=-1 dom=b.example", where
 * a field that is missing has the value of a usual record, for a.example by the
 * host mx.a.example; a value with blanks stands in braces. Strangers' fields
 * are written in clear, but for cert.
 */
#ifndef TESTS_UNIT_EXIM_KIT_H
#define TESTS_UNIT_EXIM_KIT_H

#include "common/exim_line.h"
#include "tests/unit/mta_kit.h"

#define QA "1vMAAA-000001-AA"
#define QB "1vMAAA-000002-AA"
#define QC "1vMAAA-000003-AA"

#define HOST_A "mx.a.example"
#define HOST_B "mx.b.example"
#define IP_A   "192.0.2.1"
#define IP_B   "192.0.2.2"
#define AT_A   HOST_A " [" IP_A "]"
#define AT_B   HOST_B " [" IP_B "]"
#define ON_B   " ip=" IP_B " mx=" HOST_B " lport=40002"

/* Records of one process: seconds, message id, more fields. */
#define EHLO(s, q, more)  s " 10 " q " REC ev=smtp:ehlo " more "\n"
#define CLOSE(s, q, more) s " 10 " q " REC ev=tcp:close " more "\n"
#define DEFER(s, q, more) s " 10 " q " REC ev=msg:host:defer " more "\n"
#define DANE(s, q, more)  s " 10 " q " REC ev=dane:fail " more "\n"
#define TOOK(s, q, more) \
 s " 9 " q " REC ev=msg:delivery lip= lport=-1 " more "\n"
#define LINE(s, q, text) s " 10 " q " " text "\n"

#define TLS  "ver=TLS1.3"
#define GOOD TLS " cv=1"

/* Exim's words. */
#define REPLY    "SMTP error from remote mail server after "
#define ENDED    "The TLS connection was non-properly terminated."
#define HAND     "TLS session: (gnutls_handshake): "
#define INVALID  "TLS session: (certificate verification failed)"
#define REQUIRED "a TLS session is required, but "
#define VERIFY   "[" IP_A "] SSL verify error: "

/* Events: a session at 0 s, what follows the address, of a usual one. */
#define A       "0 a.example " HOST_A " " IP_A
#define FROM    " from=192.0.2.250"
#define OK      " ok TLSv1.3"
#define TRUSTED OK " chain=ok name=match" FROM "\n"
#define LOST    " failed connection-closed-during-handshake"
#define NO_TLS  " not-offered starttls-not-offered"

static inline void exim_kit_base64(struct strbuf *out, struct view v)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn"
				     "opqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < v.len; i += 3) {
		uint32_t bits = 0;

		for (size_t j = 0; j < 3; j++) {
			bits = bits << 8 |
			    (i + j < v.len ? (unsigned char)v.s[i + j] : 0);
		}
		for (size_t j = 0; j < 4; j++) {
			char digit = digits[bits >> (18 - 6 * j) & 63];

			strbuf_addc(out, (char)(i + j > v.len ? '=' : digit));
		}
	}
}

struct exim_kit_field {
	const char *key;
	const char *usual;
	bool is_coded;
};

static const struct exim_kit_field exim_kit_fields[] = {
	{ "ev", "", false },
	{ "pid", "", false },
	{ "id", "", false },
	{ "vfy", "", false },
	{ "err", "0", false },
	{ "ip", IP_A, false },
	{ "port", "25", false },
	{ "lip", "192.0.2.250", false },
	{ "lport", "40001", false },
	{ "ver", "", false },
	{ "cv", "0", false },
	{ "dane", "no", false },
	{ "tlsa", "0", false },
	{ "sec", "no", false },
	{ "tlsreq", "-", false },
	{ "from", "s@s.example", true },
	{ "dom", "a.example", true },
	{ "mx", HOST_A, true },
	{ "sni", "", true },
	{ "helo", "", true },
	{ "cert", "", false },
	{ "data", "", true },
};

/* The value of a key in "key=value key={a value}", the last one; else usual. */
static inline struct view exim_kit_value(
    struct view spec, const char *key, const char *usual)
{
	struct view found = view_of(usual);

	while (spec.len > 0) {
		size_t eq = view_index(spec, '=');
		struct view name = view_make(spec.s, eq);
		bool is_braced;
		size_t n;

		spec = view_skip(spec, eq + 1);
		is_braced = view_take(&spec, "{");
		n = view_index(spec, is_braced ? '}' : ' ');
		if (view_is(name, key)) {
			found = view_make(spec.s, n);
		}
		spec = view_skip(spec, is_braced ? n + 1 : n);
		while (view_take(&spec, " ")) {
		}
	}
	return found;
}

static inline void exim_kit_record(
    struct strbuf *out, struct view spec, struct view pid, struct view id)
{
	strbuf_adds(out, "TLSRPT1");
	for (size_t i = 0; i < UNIT_LEN(exim_kit_fields); i++) {
		const struct exim_kit_field *f = &exim_kit_fields[i];
		struct view v = exim_kit_value(spec, f->key, f->usual);

		if (strcmp(f->key, "pid") == 0 && v.len == 0) {
			v = pid;
		} else if (strcmp(f->key, "id") == 0 && v.len == 0) {
			v = id;
		}
		strbuf_addf(out, " %s=", f->key);
		if (f->is_coded) {
			exim_kit_base64(out, v);
		} else {
			strbuf_addv(out, v);
		}
	}
}

/* A short line with its records written out. */
static inline void exim_kit_expand(struct strbuf *out, struct view line)
{
	struct view rest = line;
	struct view pid;
	struct view id;
	size_t n;

	if (view_starts(line, "| ")) {
		strbuf_addv(out, line);
		return;
	}
	rest = view_skip(rest, view_index(rest, ' ') + 1);
	pid = view_make(rest.s, strspn(rest.s, "0123456789"));
	rest = view_skip(rest, view_index(rest, ' ') + 1);
	n = view_index(rest, ' ');
	id = view_make(rest.s, n < rest.len ? n : 0);
	if (exim_line_is_id(id)) {
		rest = view_skip(rest, n + 1);
	} else {
		id = view_make(rest.s, 0);
	}
	if (!view_take(&rest, "REC ")) {
		strbuf_addv(out, line);
		return;
	}
	strbuf_add(out, line.s, line.len - rest.len - strlen("REC "));
	exim_kit_record(out, rest, pid, id);
}

/* Hands short lines over: of Exim's file, if they name no program. */
static inline void exim_kit_lines(struct mta_kit *k, const char *lines)
{
	struct view rest = view_of(lines);
	struct strbuf text;

	strbuf_init(&text, 1 << 24);
	while (rest.len > 0) {
		size_t n = view_index(rest, '\n');

		assert_true(n < rest.len);
		strbuf_clear(&text);
		exim_kit_expand(&text, view_make(rest.s, n));
		assert_int_equal(
		    mta_kit_line(k, view_of(strbuf_str(&text)), ""), 0);
		rest = view_skip(rest, n + 1);
	}
	strbuf_release(&text);
}

/* A scenario: short lines in, the events of lines and of the end out. */
struct scenario {
	const char *name;
	const char *lines;
	const char *want;
};

static inline void scenario_run_with(
    const struct scenario *table, size_t n, const struct mta_options *options)
{
	for (size_t i = 0; i < n; i++) {
		struct mta_kit k;

		mta_kit_open_with(&k, "exim", options);
		exim_kit_lines(&k, table[i].lines);
		mta_kit_flush(&k);
		UNIT_STR(table[i].name, strbuf_str(&k.events), table[i].want);
		mta_kit_close(&k);
	}
}

static inline void scenario_run(const struct scenario *table, size_t n)
{
	static const char *const own[] = { "own@us.example", NULL };
	const struct mta_options o = { .own_senders = own };

	scenario_run_with(table, n, &o);
}

#endif
