dnl SPDX-License-Identifier: BSD-2-Clause
dnl telltls-milter.m4 - lets Sendmail tell telltls-milter(8) of the messages
dnl that it receives
dnl
dnl In sendmail.mc, with the other INPUT_MAIL_FILTER lines or anywhere else
dnl before the end:
dnl
dnl	include(`/usr/share/telltls/sendmail/telltls-milter.m4')dnl
dnl
dnl Then make the .cf and restart Sendmail. telltls.m4 is another matter: it
dnl does what it does with and without this file.
dnl
dnl F= is empty, so that mail flows as if this line was not there when the
dnl milter is missing or does not answer; T= bounds what a milter that hangs can
dnl cost: one second a connection (Sendmail's own timeouts are 10 s and more).
dnl The milter is asked for nothing, adds nothing and refuses nothing.
dnl
dnl The path is milter.socket of telltls.yaml(5). Its directory must not be
dnl writable to its group or others, whoever owns it: where it is, a running
dnl Sendmail goes on without the milter and says "local socket name ... unsafe"
dnl (as it does where there is no socket), but it does not start again. It starts
dnl where the directory, the socket or the milter is missing.
dnl
dnl Tried with Sendmail 8.17.1 as Debian 12 builds it.
dnl
INPUT_MAIL_FILTER(`telltls', `S=unix:/run/telltls/milter.sock, F=, T=C:1s;S:1s;R:1s;E:5s')dnl
