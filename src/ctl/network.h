/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way to the network. */
#ifndef VFIO_EARLY_CTL_NETWORK_H
#define VFIO_EARLY_CTL_NETWORK_H

#include "search.h"

/* Searches below the interface of every default route. */
void network_find(struct search *search);

#endif
