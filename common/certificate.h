/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_CERTIFICATE_H
#define COMMON_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/fact.h"
#include "common/view.h"

/*
 * What can be seen in a certificate alone (X.509, DER), for an MTA that says
 * that it did not verify, but not why. It may be cut at any byte: what stands
 * behind the cut is not known. No signature is checked.
 */
struct certificate {
	bool has_dates;        /* from and until could be read ... */
	bool has_names;        /* ... issuer and subject, too */
	bool is_whole;         /* so could all the rest: nothing was cut off */
	bool is_self_issued;   /* subject and issuer are the same */
	bool is_authority;     /* basicConstraints CA:TRUE */
	int64_t from;          /* valid from, Unix seconds */
	int64_t until;         /* valid until */
	enum fact_name name;   /* is the host in it? */
	enum fact_chain fault; /* at the time asked for: EXPIRED, NOT_YET_VALID,
	                          SELF_SIGNED; UNKNOWN: no fault is seen */
};

/*
 * Looks at a certificate, as at time t and for a host (normalised; "": not
 * asked). A host is in it by a dNSName, or, if there is none at all, by a
 * commonName (RFC 6125 6.4.4); '*' stands for one whole label, the first.
 * Pure; never fails: of what is no certificate nothing is known.
 */
void certificate_look(
    struct view der, int64_t t, struct view host, struct certificate *out);

#endif
