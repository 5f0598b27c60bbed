/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine that most boot tests use: three identical network cards, told apart by slot only. */
#ifndef CARDS_H
#define CARDS_H

#define CARD_1 "0000:01:00.0"
#define CARD_2 "0000:02:00.0"
#define CARD_3 "0000:03:00.0"

#define THREE_CARDS                                                                                \
	{                                                                                          \
		MACHINE_PORT(1), MACHINE_PORT(2), MACHINE_PORT(3), "e1000e,bus=port1",             \
			"e1000e,bus=port2", "e1000e,bus=port3",                                    \
	}

#endif
