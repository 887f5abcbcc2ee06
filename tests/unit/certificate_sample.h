/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * certificate_sample.h - certificates (DER in base64), made for the tests; all
 * hold from the beginning of 2026 to its end, if not said otherwise
 */
#ifndef TESTS_UNIT_CERTIFICATE_SAMPLE_H
#define TESTS_UNIT_CERTIFICATE_SAMPLE_H

/* signed by an authority, for mx.a.example */
#define CERT_GOOD                                                       \
 "MIIBMzCB2aADAgECAgEBMAoGCCqGSM49BAMCMBIxEDAOBgNVBAMMB1Rlc3QgQ0EwHhcN" \
 "MjYwMTAxMDAwMDAwWhcNMjcwMTAxMDAwMDAwWjAXMRUwEwYDVQQDDAxteC5hLmV4YW1w" \
 "bGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASEaLyVHjwnPYjB6T9aGgdeQqGrF/is" \
 "HBN4o/urlCRdQEVc3WaspaUjTR0ElXRo+n/KlkthQzOWqgnzDErBIk6yoxswGTAXBgNV" \
 "HREEEDAOggxteC5hLmV4YW1wbGUwCgYIKoZIzj0EAwIDSQAwRgIhALxd8bM0Ed2qCQGv" \
 "jSRSfwOCbrbPtnbu+dgSyuIl3QobAiEAhKpWWZkZEsrMNLmbzmwEl2WrgdDmd/Q5NpWo" \
 "S22ZgYs="

/* the same, until 2026-11-01 */
#define CERT_EXPIRED                                                    \
 "MIIBMjCB2aADAgECAgEBMAoGCCqGSM49BAMCMBIxEDAOBgNVBAMMB1Rlc3QgQ0EwHhcN" \
 "MjYwMTAxMDAwMDAwWhcNMjYxMTAxMDAwMDAwWjAXMRUwEwYDVQQDDAxteC5hLmV4YW1w" \
 "bGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASjMTPXQtcVznQffiQcj1gspbQUlYwp" \
 "1svedq0lSn82lm5YU6ry5fSayK5rdKLz9YBpKZL1/L1o4bYVz70TVMbuoxswGTAXBgNV" \
 "HREEEDAOggxteC5hLmV4YW1wbGUwCgYIKoZIzj0EAwIDSAAwRQIgRUjo/1hEKFg5huQu" \
 "FjInhXyR7k0f0LW0m4Fb7mhk0bUCIQDxgXUkBoq7wvy9uYnTOF+SM0g9lwEL1PAqhhXw" \
 "29BTsQ=="

/* the same, from 2026-12-01 to 2060 */
#define CERT_FUTURE                                                     \
 "MIIBNTCB26ADAgECAgEBMAoGCCqGSM49BAMCMBIxEDAOBgNVBAMMB1Rlc3QgQ0EwIBcN" \
 "MjYxMjAxMDAwMDAwWhgPMjA2MDAxMDEwMDAwMDBaMBcxFTATBgNVBAMMDG14LmEuZXhh" \
 "bXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABA4G3ywu9xpD+A9hF2iVquYqwH1G" \
 "FAj/lIapVkVVOG02nH15zysEpec1AnbC3B7MYuf44eveOszdkVb30yOSQp2jGzAZMBcG" \
 "A1UdEQQQMA6CDG14LmEuZXhhbXBsZTAKBggqhkjOPQQDAgNJADBGAiEA7lB/bzzKWBUH" \
 "yp7JLAzh1uy4IyOXM+ut5ZB0xD1bDDYCIQCA8AD4fq6AE/Frs/mMyN7pQseiwo5dQvA3" \
 "uXmDi14NpQ=="

/* for mx.a.example, self-signed */
#define CERT_SELF                                                       \
 "MIIBNzCB3qADAgECAgEBMAoGCCqGSM49BAMCMBcxFTATBgNVBAMMDG14LmEuZXhhbXBs" \
 "ZTAeFw0yNjAxMDEwMDAwMDBaFw0yNzAxMDEwMDAwMDBaMBcxFTATBgNVBAMMDG14LmEu" \
 "ZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAeUVJiJekDfAMcJt7bpx/wo" \
 "cr3V0Lxwt0+veLWrPadhOhPO8o9tM+BcH4lnqhn5JNF0AVmfc5vzHGFZ8xZrimOjGzAZ" \
 "MBcGA1UdEQQQMA6CDG14LmEuZXhhbXBsZTAKBggqhkjOPQQDAgNIADBFAiEA163o18jv" \
 "H018DOPowaY5WOocIhyrf61HHuI/kB7p6f0CIGaMS+xf3dLkeg7M7B0F+LXrbJchGhUu" \
 "0SsFPOLf99/a"

/* for mail.other.example and an address, with the commonName of ours */
#define CERT_OTHER                                                      \
 "MIIBPzCB5aADAgECAgEBMAoGCCqGSM49BAMCMBIxEDAOBgNVBAMMB1Rlc3QgQ0EwHhcN" \
 "MjYwMTAxMDAwMDAwWhcNMjcwMTAxMDAwMDAwWjAXMRUwEwYDVQQDDAxteC5hLmV4YW1w" \
 "bGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATQ4J3LvgSdd5Hw4HxBaQ8ivCYAow6A" \
 "eex7xjpyqIG5wx75QhPW4NYCdimHR6lqmEg7HRiGjeEoxeW4GhKtHBWtoycwJTAjBgNV" \
 "HREEHDAaghJtYWlsLm90aGVyLmV4YW1wbGWHBMAAAgEwCgYIKoZIzj0EAwIDSQAwRgIh" \
 "AJFHBnsevXfWbQgVjGJE6SytbONvjyMyGQ9acDo+RA+oAiEAu7JIM/lCtPiINrAmuWwd" \
 "Ve5pWydxPucKs/BIMMFuwMQ="

/* a commonName alone */
#define CERT_CN                                                         \
 "MIIBFTCBvKADAgECAgEBMAoGCCqGSM49BAMCMBIxEDAOBgNVBAMMB1Rlc3QgQ0EwHhcN" \
 "MjYwMTAxMDAwMDAwWhcNMjcwMTAxMDAwMDAwWjAXMRUwEwYDVQQDDAxteC5hLmV4YW1w" \
 "bGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARBF8kRQmlxvn2W+NvI0kA1TOUOf4xC" \
 "3JI452WcbGIG6ZVeG641Ct2fPHYif4s2H9IFB7xhQNLbN7jOh7mPwbEaMAoGCCqGSM49" \
 "BAMCA0gAMEUCIBKzvQtntuPyzqiSkqIw9blN3/J9PQU4VmimW//eq/FVAiEAqoXScdm0" \
 "GkIX4s/TCX7YbxK9685LL8Ko+8usd55cbTw="

/* for *.a.example */
#define CERT_WILD                                                       \
 "MIIBOTCB4KADAgECAgEBMAoGCCqGSM49BAMCMBIxEDAOBgNVBAMMB1Rlc3QgQ0EwHhcN" \
 "MjYwMTAxMDAwMDAwWhcNMjcwMTAxMDAwMDAwWjAUMRIwEAYDVQQDDAlhLmV4YW1wbGUw" \
 "WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATyAnj92s0t0hh8As7nWrDDYLqGewxz0Tfs" \
 "QSD/qH8AjD91YBwrFvWJt23xWKouS0GuxJENSZ0EuZmh0DTkYyaWoyUwIzAhBgNVHREE" \
 "GjAYggl4LmV4YW1wbGWCCyouYS5leGFtcGxlMAoGCCqGSM49BAMCA0gAMEUCIQCIZQj6" \
 "a9hyZNb1J3oGl1oboPupZR5waQdc0zEPO8Uv0wIgL3Zxyf9zFM7oduKNBFWTYHDAFD5A" \
 "oyaktaaRpDX2l2k="

/* of the authority */
#define CERT_AUTHORITY                                                  \
 "MIIBJTCBzKADAgECAgEBMAoGCCqGSM49BAMCMBIxEDAOBgNVBAMMB1Rlc3QgQ0EwHhcN" \
 "MjYwMTAxMDAwMDAwWhcNMjcwMTAxMDAwMDAwWjASMRAwDgYDVQQDDAdUZXN0IENBMFkw" \
 "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEq8ZfLKkthU6PTG9EkOzLZflG15pP1PaND5C6" \
 "q4tuP5qEYyG8Sf+TDRXjEBYbzbiD2F6Lgi6ZsqKGf5UWfExcBqMTMBEwDwYDVR0TAQH/" \
 "BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiB5vCvU+yOSuA596nyNtIp/0WjDNt3e0tb7" \
 "UH37hFCOqAIhAOPBR+b67+VHytb+Ggt46jDBnP40S0teLexOdTqc+A8G"

/* the same, until 2026-11-01 */
#define CERT_OLD_AUTHORITY                                              \
 "MIIBJTCBzKADAgECAgEBMAoGCCqGSM49BAMCMBIxEDAOBgNVBAMMB1Rlc3QgQ0EwHhcN" \
 "MjYwMTAxMDAwMDAwWhcNMjYxMTAxMDAwMDAwWjASMRAwDgYDVQQDDAdUZXN0IENBMFkw" \
 "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEq8ZfLKkthU6PTG9EkOzLZflG15pP1PaND5C6" \
 "q4tuP5qEYyG8Sf+TDRXjEBYbzbiD2F6Lgi6ZsqKGf5UWfExcBqMTMBEwDwYDVR0TAQH/" \
 "BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiACs1bXcF484K2jGZAjbnNL39IBRcqisell" \
 "BBXmRF+yOwIhANTwj5feS2Mylq4RHpKlsQMwLlpakvTbfc5k6Psf0nUu"

/* no subject, for mx.a.example */
#define CERT_NAMELESS                                                   \
 "MIIBGzCBwqADAgECAgEBMAoGCCqGSM49BAMCMBIxEDAOBgNVBAMMB1Rlc3QgQ0EwHhcN" \
 "MjYwMTAxMDAwMDAwWhcNMjcwMTAxMDAwMDAwWjAAMFkwEwYHKoZIzj0CAQYIKoZIzj0D" \
 "AQcDQgAEq2syhMSmoEyfwaT/qLIMaGtGhUzGyMxp9+xWNbqbJ3TN9yb+ykMtiEJal7wG" \
 "cC6359Ki4mDedyj0Zg2pGw6UDKMbMBkwFwYDVR0RBBAwDoIMbXguYS5leGFtcGxlMAoG" \
 "CCqGSM49BAMCA0gAMEUCIE1GvIkyN2lPWjNq2ShRS+GAS2iHl22rnRZZ00pzYmkaAiEA" \
 "pwX5PB7er+FSWyFRa9pLAMPf37Hb/RIy9jbgQvDi7FE="

#endif
