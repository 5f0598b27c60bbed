/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl setup: reserves devices for VMs, step by step. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootloader/next.h"
#include "command/choose.h"
#include "command/edit.h"
#include "command/enable-iommu.h"
#include "command/setup.h"
#include "doctor/doctor.h"
#include "look/device.h"
#include "rules/file.h"
#include "term/ask.h"
#include "term/options.h"

/* What doctor's checks found, as far as it matters here. */
struct first_look {
	struct table_options options;
	struct document document;
	const char *area;         /* of the finding that was printed last; NULL: none was */
	enum finding_level level; /* of that */
	bool lacks_iommu;
	bool hopeless; /* nothing helps before that is fixed */
};

static int take_findings(void *context, const struct doctor_entry *check,
			 const struct findings *findings)
{
	struct first_look *look = context;
	/* While the IOMMU is off, the step that switches it on reports it. */
	bool set_up = check->use & DOCTOR_SET_UP &&
		      (check->run != doctor_check_iommu || look->lacks_iommu);
	int result = 0;

	for (size_t i = 0; i < findings->count && result == 0; i++) {
		const struct finding *finding = &findings->list[i];
		/* Who can't see all of the host can't change it either. */
		bool hopeless =
			check->use & DOCTOR_NEEDED &&
			(finding->level == FINDING_ERROR ||
			 (finding->level == FINDING_UNKNOWN && check->run == doctor_check_host));

		look->hopeless |= hopeless;
		if (!hopeless && (set_up || finding->level > FINDING_WARNING))
			continue;
		if (look->area && strcmp(look->area, check->area) == 0 &&
		    look->level == finding->level)
			result = findings_print_below(finding, NULL, &look->document);
		else
			result = findings_print_below(finding, check->area, &look->document);
		look->area = check->area;
		look->level = finding->level;
	}
	return result;
}

static int examine_host(const struct ctl *ctl)
{
	struct first_look look = { .hopeless = false };
	struct doctor doctor;
	int result = doctor_open(&doctor, ctl->root);

	look.document.options = &look.options;
	look.lacks_iommu = result == 0 && inventory_lacks_iommu(&doctor.inventory);
	if (result == 0) {
		result = doctor_run_checks(&doctor, take_findings, &look);
		if (result < 0)
			ctl_fail("%s", strerror(-result));
	} else {
		ctl_fail("%s", doctor.inventory.problem);
	}
	doctor_close(&doctor);
	if (result < 0)
		return CTL_INTERNAL;
	if (!look.hopeless)
		return CTL_OK;
	ctl_fail("nothing was changed; fix the problems above, then run 'vfio-earlyctl setup' "
		 "again");
	return CTL_INCOMPLETE;
}

static int choose(struct setup *setup)
{
	int result;

	if (!ask_is_possible())
		return ctl_fail("setup: no device given, and no terminal to ask on; "
				"'vfio-earlyctl list' shows them");
	result = choose_devices(&setup->edit.inventory, &setup->names);
	if (result == -ECANCELED) {
		ctl_fail("nothing was changed");
		return CTL_INCOMPLETE;
	}
	if (result < 0)
		return ctl_fail("%s", strerror(-result));
	setup->edit.operands = setup->names;
	return CTL_OK;
}

/* Drafts again with the rest of the groups, if the person wants them. CTL_OK or the exit status. */
static int offer_groups(struct setup *setup)
{
	struct draft *draft = &setup->draft;
	int status;

	if (!ask_is_possible() || setup->yes) {
		ctl_say("'vfio-earlyctl setup --group' reserves the rest of the group as well.");
		return CTL_OK;
	}
	if (!ask_yes("Reserve the rest of the group for VMs as well? [y/N] "))
		return CTL_OK;
	setup->edit.group = true;
	if (draft_undo(draft) < 0)
		return ctl_fail("%s", strerror(ENOMEM));
	status = edit_draft(draft);
	if (status == CTL_OK && draft_foretell(draft) < 0)
		status = ctl_fail("%s", strerror(ENOMEM));
	findings_report(&draft->findings);
	return status;
}

/* Groups are there only when the IOMMU is on; the forecast of the rules, too. */
static int draft_rules(struct setup *setup)
{
	struct draft *draft = &setup->draft;
	bool blind = inventory_lacks_iommu(&setup->edit.inventory);
	int status, result = 0;

	draft->edit = &setup->edit;
	status = edit_draft(draft);
	if (status != CTL_OK)
		return status;
	if (blind)
		draft_warn_uses(draft);
	else
		result = draft_foretell(draft);
	findings_report(&draft->findings);
	if (result < 0)
		return ctl_fail("%s", strerror(-result));
	if (blind && draft->count > 0)
		ctl_say("Which devices share an IOMMU group is known after the reboot; run "
			"'vfio-earlyctl check' then.");
	return draft->shared ? offer_groups(setup) : CTL_OK;
}

/* What a file of rules becomes. */
static int fill_rules(struct setup *setup, const char *path)
{
	struct rulesfile file;
	struct transaction_text old = { .data = NULL }, new;
	int result = rulesfile_read(&file, &setup->edit.inventory.host, path);
	unsigned int flags = TRANSACTION_OURS;

	if (!host_has(&setup->edit.inventory.host, "", host_below(path)))
		flags |= TRANSACTION_NEW;
	if (result == 0) {
		old = (struct transaction_text){ strdup(file.text), file.length };
		result = old.data ? draft_apply(&setup->draft, &file, true) : -ENOMEM;
	}
	if (result == 0) {
		new = (struct transaction_text){ file.text, file.length };
		result = transaction_add(&setup->transaction, path, flags, &old, &new);
	}
	free(old.data);
	rulesfile_free(&file);
	return result < 0 ? ctl_fail("%s: %s", path, strerror(-result)) : CTL_OK;
}

static int plan_rules(struct setup *setup)
{
	struct inventory *inventory = &setup->edit.inventory;
	const char *path = draft_file(&setup->draft, 0);
	const struct kernel *imageless;
	int result = kernels_find(&setup->kernels, &inventory->host, &inventory->protect);

	if (result < 0)
		return ctl_fail("/boot: %s", strerror(-result));
	bootnext_mark(&setup->kernels, &inventory->host);
	setup->rebuild = path != NULL;
	for (size_t i = 0; i < setup->kernels.count; i++)
		setup->rebuild |= kernels_is_stale(&setup->kernels.list[i],
						   inventory->forecast.rules.count > 0);
	imageless = kernels_find_imageless(&setup->kernels);
	/* update-initramfs -u leaves it out, so that it would not get the rules. */
	if (setup->rebuild && imageless)
		return ctl_fail("kernel %s has no image; run '%s %s' first; nothing was changed",
				imageless->release, setup->kernels.builder->first,
				imageless->release);
	for (size_t i = 0; (path = draft_file(&setup->draft, i)); i++)
		if (fill_rules(setup, path) != CTL_OK)
			return CTL_INTERNAL;
	return CTL_OK;
}

static int plan_words(struct setup *setup)
{
	int result = bootchange_fill(&setup->boot, &setup->transaction);

	setup->refresh = result == 0 && bootchange_needs_refresh(&setup->boot);
	if (setup->refresh)
		result = bootchange_check(&setup->boot);
	findings_report(&setup->boot.said);
	return result < 0 ? CTL_INTERNAL : CTL_OK;
}

static int plan(struct setup *setup)
{
	int status = CTL_OK;

	if (!setup->edit.operands[0])
		status = choose(setup);
	if (status == CTL_OK)
		status = draft_rules(setup);
	if (status == CTL_OK)
		status = plan_words(setup);
	return status == CTL_OK ? plan_rules(setup) : status;
}

static void show(const struct setup *setup)
{
	puts(setup->transaction.count > 0 ? "\nChanges:" : "");
	transaction_show(&setup->transaction, stdout);
	if (setup->refresh)
		printf("then: %s\n", setup->boot.loader->refresh);
	if (setup->rebuild)
		printf("then: %s\n", builder_find(&setup->edit.inventory.host)->command);
}

static void print_devices(const struct setup *setup, const char *command)
{
	printf("  vfio-earlyctl %s", command);
	for (size_t i = 0; i < setup->draft.count; i++) {
		const struct draft_want *want = &setup->draft.wants[i];
		char address[PCI_ADDRESS_TEXT_MAX];

		device_address(&setup->edit.inventory, want->device, address);
		if (want->card)
			*strrchr(address, '.') = '\0';
		printf(" %s", address);
	}
	putchar('\n');
}

/* What comes next, and if something was changed, how that is undone. */
static void show_next(const struct setup *setup, bool changed)
{
	const struct bootchange *boot = &setup->boot;
	size_t added = 0;

	for (size_t i = 0; i < setup->kernels.count && setup->kernels.count > 1; i++)
		if (setup->kernels.list[i].next)
			printf("\nKernel %s boots next.", setup->kernels.list[i].release);
	puts("\nReboot, then run:\n  vfio-earlyctl status");
	if (setup->draft.count > 0)
		print_devices(setup, "vm");
	for (size_t i = 0; i < boot->edit_count; i++)
		added += boot->edits[i].word == BOOT_NEW_WORD;
	if (!changed || (!setup->draft.lines[0] && added == 0))
		return;
	puts("To undo the changes, run:");
	if (setup->draft.lines[0])
		print_devices(setup, "remove --update");
	if (added > 0)
		printf("  vfio-earlyctl cmdline remove");
	for (size_t i = 0; i < boot->edit_count; i++)
		if (boot->edits[i].word == BOOT_NEW_WORD)
			printf(" %s", boot->edits[i].text);
	if (added > 0)
		putchar('\n');
}

static int confirm(const struct setup *setup)
{
	if (setup->yes)
		return CTL_OK;
	if (!ask_is_possible())
		return ctl_fail("setup: no terminal to ask on, expected --yes; nothing was "
				"changed");
	if (ask_yes("Make these changes? [y/N] "))
		return CTL_OK;
	ctl_fail("nothing was changed");
	return CTL_INCOMPLETE;
}

static int carry_out(struct setup *setup)
{
	int status;

	if (!setup->refresh && !setup->rebuild && setup->transaction.count == 0) {
		puts("Nothing to do: all of it is set already.");
		show_next(setup, false);
		return CTL_OK;
	}
	show(setup);
	status = setup->dry_run ? CTL_OK : confirm(setup);
	if (status != CTL_OK || setup->dry_run)
		return status;
	status = setup_carry_out(setup);
	if (status == CTL_OK)
		show_next(setup, true);
	return status;
}

static int work(struct setup *setup, const struct ctl *ctl)
{
	int status = examine_host(ctl);

	if (status == CTL_OK)
		status = edit_look(&setup->edit, ctl->root);
	if (status == CTL_OK)
		status = enable_plan(&setup->boot, &setup->edit.inventory.host);
	if (status == CTL_OK)
		status = plan(setup);
	return status == CTL_OK ? carry_out(setup) : status;
}

/* On the terminal's key for it, until files are written. */
static void leave(int number)
{
	static const char text[] = "\nvfio-earlyctl: interrupted; nothing was changed\n";
	ssize_t written = write(STDERR_FILENO, text, strlen(text));

	(void)written;
	signal(number, SIG_DFL);
	raise(number);
}

static int run_setup(struct setup *setup, const struct ctl *ctl)
{
	int status;

	signal(SIGINT, leave);
	setup->edit.dry_run = true; /* nothing is locked while a person thinks */
	status = work(setup, ctl);
	transaction_free(&setup->transaction);
	bootchange_close(&setup->boot);
	kernels_free(&setup->kernels);
	draft_free(&setup->draft);
	choose_free(setup->names);
	edit_close(&setup->edit);
	return status;
}

static const char usage[] =
	"Usage: vfio-earlyctl setup [OPTION]... [DEVICE]...\n"
	"Reserves devices for VMs, step by step: checks whether the host is ready, switches the\n"
	"IOMMU on, adds rules for the devices and rebuilds the images. Without DEVICE, it asks\n"
	"which. All changes are shown first, and made after a yes.\n"
	"\n"
	"  -g, --group      the rest of each device's IOMMU group as well\n"
	"      --dry-run    show the changes, and make none\n"
	"  -y, --yes        do not ask before the changes\n"
	"  -h, --help       print this\n";

static const char statuses[] =
	"0 all is done or shown, 1 usage error, or a step failed and all was\n"
	"undone, 2 something was refused or could not be seen, 3 a line of the rules is not valid.";

int command_setup(const struct ctl *ctl, int argc, char **argv)
{
	struct setup setup = { .transaction.host = NULL };
	const struct options_entry entries[] = {
		{ 'g', "group", .set = &setup.edit.group },
		{ '\0', "dry-run", .set = &setup.dry_run },
		{ 'y', "yes", .set = &setup.yes },
		{},
	};
	const struct options options = {
		.usage = usage,
		.statuses = statuses,
		.entries = entries,
		.operands_max = OPTIONS_ANY_OPERANDS,
	};
	int status;

	edit_init(&setup.edit);
	status = options_parse(&options, ctl, &argc, &argv);
	if (status != OPTIONS_RUN)
		return status;
	setup.edit.operands = argv;
	setup.transaction.host = &setup.edit.inventory.host;
	return run_setup(&setup, ctl);
}
