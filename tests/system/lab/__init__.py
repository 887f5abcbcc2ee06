# SPDX-License-Identifier: BSD-2-Clause
"""A mail world in a box: a real MTA, DNS and receivers that behave well and
badly, in namespaces of their own. Only loopback, nothing of the host."""
