/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_NOTIFY_H
#define MILTER_NOTIFY_H

/*
 * What the service manager is told, where there is one that listens
 * (sd_notify(3)); else these do nothing. One of two files is built:
 * notify_systemd.c or notify_none.c.
 */
void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);

/* "We are well": to be called more often than notify_interval_ms(). */
void notify_alive(void);

/* How often the manager wants to hear that at least; 0: it does not ask. */
unsigned notify_interval_ms(void);

/* One line of text for "systemctl status". */
void notify_status(const char *text);

#endif
