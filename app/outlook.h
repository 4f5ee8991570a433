/* SPDX-License-Identifier: MIT
 * outlook.h - can peers be met from here? The server, our addresses, and how others see them. */
#ifndef APP_OUTLOOK_H
#define APP_OUTLOOK_H

#include "cli.h"
#include "host/address.h"

/* Ask, for some seconds at most, and append what was found, a line each. `stun` are servers besides
 * those that the server names, HOST:PORT each. Is all well? */
bool outlook_tell(const address_url *server, const cli_list *stun, bool loopback, lk_buf *report);

#endif
