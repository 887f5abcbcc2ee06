dnl SPDX-License-Identifier: BSD-2-Clause
dnl telltls.m4 - lets Sendmail log the TLS outcome of each outgoing session,
dnl for telltls(1)
dnl
dnl In sendmail.mc, behind the MAILER lines:
dnl
dnl	include(`/usr/share/telltls/sendmail/telltls.m4')dnl
dnl
dnl Then make the .cf and restart Sendmail. "telltls status" says whether the
dnl records arrive. They are written by Sendmail's own syslog map, priority
dnl info: no program and no socket is called, so mail does not depend on
dnl telltls in any way.
dnl
dnl Tried with Sendmail 8.17.1 as Debian 12 builds it, behind the MAILER lines
dnl of Debian's own sendmail.mc and starttls.m4. The rules ran on 8.18.1 (Debian
dnl 13) as well, there with FEATURE(`check_cert_altnames') for the option that
dnl is set below. That FEATURE must stand before the MAILER lines, and it makes
dnl CN: in the site's access map look at more names; the option alone changes
dnl nothing of the site.
dnl
dnl The option wants a Sendmail built with _FFR_TLS_ALTNAMES, as Debian's is:
dnl
dnl	sendmail -bt -d0.13 </dev/null | grep _FFR_TLS_ALTNAMES
dnl
dnl Another one says "unknown option name SetCertAltnames" and does not start.
dnl Do not just remove the line there: every name would be told as wrong.
dnl
dnl A site with rulesets of its own in LOCAL_CLT_FEATURES, LOCAL_TRY_TLS,
dnl LOCAL_TLS_SERVER or LOCAL_TLS_RCPT must put our lines before its own by
dnl hand: m4 would write the ruleset's head twice.
dnl
dnl The records (doc/sendmail.md has them field by field):
dnl	TLSRPT1^T	STARTTLS was offered and is about to be sent
dnl	TLSRPT1^S	the outcome, once a connection
dnl	TLSRPT1^R	each recipient, before RCPT
dnl What strangers choose stands last in them and goes in as map arguments:
dnl text in the key would be expanded once more.
dnl
PUSHDIVERT(-1)
LOCAL_CONFIG
O SetCertAltnames=true
Ktlsrpt syslog -LINFO -D
Ktlsrptm macro
C{persistentMacros}{tlsreq}
HTLS-Required: $>TlsrptReq
LOCAL_RULESETS
STlsrptSan
R$*			$: $&{server_name}
R$={cert_altnames}	$@ match
R$-.$+			$: *.$2
R$={cert_altnames}	$@ match
R$*			$@ nomatch

STlsrptOut
R$*			$: $&{deliveryMode}
Rb			$@ $&{if_addr_out}
R$*			$@

STlsrptReq
RNo			$: $(tlsrptm {tlsreq} $@ no $)
R$*			$@ OK

LOCAL_CLT_FEATURES
R$*			$: $(tlsrptm {tlsrptnew} $@ 1 $)
R$*			$@ OK

LOCAL_TRY_TLS
R$*			$: $(tlsrpt TLSRPT1^T^i:$&i^a:$&{server_addr}^q:$&{tlsreq}^h:%1^d:%2^s:%3^r:%4 $@ $&{server_name} $@ $&h $@ $&f $@ $&u $)
R$*			$@ OK

LOCAL_TLS_SERVER
R$*			$: $1 $| $>TlsrptSan
R$* $| $*		$: $2 $| $>TlsrptOut
R$* $| $*		$: $(tlsrpt TLSRPT1^S^i:$&i^v:$&{verify}^p:$&{tls_version}^c:$&{cipher}^b:$&{cipher_bits}^n:$1^a:$&{server_addr}^f:$&{cert_md5}^o:$2^q:$&{tlsreq}^k:$&{tlsrptnew}^h:%1^d:%2^s:%3^r:%4^cn:%5^ci:%6 $@ $&{server_name} $@ $&h $@ $&f $@ $&u $@ $&{cn_subject} $@ $&{cn_issuer} $)
R$*			$: $(tlsrptm {tlsrptnew} $)
R$*			$@ OK

LOCAL_TLS_RCPT
R$*			$: $(tlsrpt TLSRPT1^R^i:$&i^v:$&{verify}^p:$&{tls_version}^a:$&{server_addr}^q:$&{tlsreq}^h:%1^d:%2^s:%3^r:%4 $@ $&{server_name} $@ $&h $@ $&f $@ $1 $)
R$*			$@ OK
POPDIVERT`'dnl
