/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_EXIM_CERTIFICATE_H
#define COMMON_EXIM_CERTIFICATE_H

#include "common/exim_state.h"

/*
 * What a record, and the hints before it, say of certificate and DANE in a
 * session with TLS. s->mx and s->t are set already.
 */

/* TLS came up, and mail could go over it. */
void exim_certificate_accepted(struct exim_session *s,
    const struct exim_record *r, const struct exim_hint *hint);

/* Exim refused it. */
void exim_certificate_refused(struct exim_session *s,
    const struct exim_record *r, const struct exim_hint *hint,
    enum exim_refusal refusal);

#endif
