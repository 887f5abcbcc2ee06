/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_NOTED_KIND_H
#define COMMON_NOTED_KIND_H

/*
 * What may be known of a message from its reception, beside the log: bits.
 * The numbers stand in files.
 */
enum noted_kind {
	NOTED_TLS_REQUIRED = 1, /* it said TLS-Required: No (RFC 8689) */
	NOTED_OWN_REPORT = 2,   /* it is a report of ours (R50) */
	NOTED_KINDS = 3,        /* all of them */
};

#endif
