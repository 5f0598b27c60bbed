/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boots a machine with three identical cards, one of them chosen, and shows who has which. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cards.h"
#include "machine.h"

#define CHOSEN CARD_2

static const struct machine demo = {
	.name = "demo",
	.image = { .suite = "trixie", .rules = "02:00.0\n" },
	.devices = THREE_CARDS,
};

static const char *const cards[] = { CARD_1, CHOSEN, CARD_3 };

/* Prints the card's line; returns whether it has the driver that the rules promise. */
static bool show_card(const struct report *report, const char *address)
{
	bool chosen = strcmp(address, CHOSEN) == 0;
	struct report_device device;

	if (report_find_device(report, address, &device) < 0) {
		printf("  %-14s missing\n", address);
		return false;
	}
	printf("  %-14s %-11s %-10s %s\n", address, device.id, device.driver,
	       !chosen                            ? "the host"
	       : report_was_used(report, address) ? "a VM can have it: opened through VFIO"
						  : "chosen, but not usable through VFIO");
	return strcmp(device.driver, chosen ? "vfio-pci" : "e1000e") == 0 &&
	       (!chosen || report_was_used(report, address));
}

static void show_messages(const struct report *report)
{
	const char *line = NULL;

	while ((line = report_next_line(report, "kmsg", line))) {
		const char *text = line + strcspn(line, " ") + 1;
		int length = strcspn(text, "\n");

		if (strncmp(text, "vfio-early", strlen("vfio-early")) == 0)
			printf("  %.*s\n", length, text);
	}
}

static bool show_outcome(const struct machine_run *run)
{
	bool promised = true;

	printf("\nDebian %s, kernel %s, after a boot with the rule \"02:00.0\":\n\n",
	       demo.image.suite, run->image.version);
	printf("  %-14s %-11s %-10s %s\n", "card", "model", "driver", "who has it");
	for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++)
		promised &= show_card(&run->report, cards[i]);
	printf("\nWhat the kernel log says about it:\n\n");
	show_messages(&run->report);
	printf("\n");
	return promised;
}

int main(void)
{
	struct machine_run run;
	bool promised;

	if (machine_run(&demo, &run) < 0 || !report_is_complete(&run.report)) {
		fprintf(stderr, "demo: no complete boot; see %s\n", run.image.dir);
		return 1;
	}
	promised = show_outcome(&run);
	if (!promised)
		fprintf(stderr, "demo: this is not what the rule promises; see %s\n", run.serial);
	report_free(&run.report);
	return promised ? 0 : 1;
}
