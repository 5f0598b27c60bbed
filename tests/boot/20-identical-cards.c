/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of three identical cards, the one chosen by its address goes to vfio-pci, the others do not. */
#include <string.h>

#include "cards.h"
#include "expect.h"

struct choice {
	const char *chosen;
	struct machine machine;
};

#define CHOOSE(suite_name, number, rule)                                                           \
	{                                                                                          \
		.chosen = CARD_##number,                                                           \
		.machine = {                                                                       \
			.name = "boot/20-identical-cards/" suite_name "-card-" #number,            \
			.image = { .suite = suite_name, .rules = rule },                           \
			.devices = THREE_CARDS,                                                    \
		},                                                                                 \
	}

/* 6.1 has plain modules, 6.12 compressed ones. */
static struct choice choices[] = {
	CHOOSE("trixie", 1, "01:00.0\n"),
	CHOOSE("trixie", 2, "0000:02:00.0 id=8086:10d3\n"),
	CHOOSE("trixie", 3, "!02:00.0\n!01:00.0\n8086:10d3\n"),
	CHOOSE("bookworm", 2, "02:00.0\n"),
};

static void only_the_chosen_one(void **state)
{
	static const char *const cards[] = { CARD_1, CARD_2, CARD_3 };
	const struct choice *choice = *state;
	struct machine_run run;

	expect_boot(&choice->machine, &run);
	for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++) {
		if (strcmp(cards[i], choice->chosen) == 0)
			expect_passed(&run, cards[i]);
		else
			expect_kept(&run, cards[i], "e1000e");
	}
	expect_status(&run, choice->chosen, "previous", "-");
	expect_untouched(&run, choice->chosen, "e1000e");
	expect_message(&run, 6, choice->chosen);
	report_free(&run.report);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(choices) / sizeof(choices[0])];

	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
		tests[i] = (struct CMUnitTest){
			.name = choices[i].machine.name,
			.test_func = only_the_chosen_one,
			.initial_state = &choices[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
