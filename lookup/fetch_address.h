/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_FETCH_ADDRESS_H
#define LOOKUP_FETCH_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "common/ip.h"

/* Which addresses of a policy host are connected to. */

enum {
	FETCH_ADDRESSES = 8 /* of one host */
};

enum fetch_address_why {
	FETCH_ADDRESS_OK,
	FETCH_ADDRESS_PRIVATE, /* none is one of the Internet */
	FETCH_ADDRESS_NO_ROUTE /* we are connected to none of their networks */
};

/*
 * Takes those that may be connected to, up to FETCH_ADDRESSES, half of them
 * for each family if it has so many. *n_out is 0 unless FETCH_ADDRESS_OK.
 */
enum fetch_address_why fetch_address_choose(const struct ip *in, size_t n,
    bool allow_private, struct ip out[FETCH_ADDRESSES], size_t *n_out);

/* All zero for a family that is none of IP. */
struct ip fetch_address_of(const struct sockaddr *sa);

/*
 * What stands for the server in the limit of connections to one: the least
 * address; of IPv6, its /64.
 */
struct ip fetch_address_key(const struct ip *list, size_t n);

/*
 * Writes PREFIX, then "HOST:PORT:ADDRESS,...", as libcurl takes it; name is
 * "HOST:PORT", IPv6 in brackets. Returns 0, or ERR_TOO_LONG and "".
 */
int fetch_address_list(const char *prefix, const char *name,
    const struct ip *list, size_t n, char *out, size_t size);

#endif
