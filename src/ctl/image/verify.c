/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether an initramfs image will do at the next boot what the rules of now say. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/match.h"
#include "core/rules.h"
#include "core/text.h"
#include "image/builder.h"
#include "image/digest.h"
#include "image/modules.h"
#include "image/verify.h"

#define PROGRAM_MAX (16u << 20)

static const char *const check_names[VERIFY_CHECKS] = {
	[VERIFY_PROGRAM] = "program",     [VERIFY_SCRIPT] = "script",   [VERIFY_RULES] = "rules",
	[VERIFY_PROTECTED] = "protected", [VERIFY_MODULES] = "modules",
};

const char *verify_check_name(enum verify_check check)
{
	return check_names[check];
}

/* One run: the image's rules are read once. */
struct run {
	const struct verify *verify;
	struct rules rules, protections;
	bool listed;                   /* protections is whole */
	char why[PROTECTIONS_WHY_MAX]; /* or why it is not */
	int error;
};

static bool has_text(const struct contents_file *file, const char *text, size_t length)
{
	return file->length == length && memcmp(file->data, text, length) == 0;
}

static void check_program(struct run *run, struct verdict *verdict)
{
	const struct contents_file *file = contents_find(run->verify->contents, CONTENTS_PROGRAM);
	char *installed;
	size_t length;

	if (!file || !(file->mode & 0111)) {
		verdict_wrong(verdict, "%s %s", CONTENTS_PROGRAM,
			      file ? "is not executable" : "is missing");
		return;
	}
	verdict_add(verdict, "%s", CONTENTS_PROGRAM);
	if (file_read_all(run->verify->host->directory, CONTENTS_PROGRAM, PROGRAM_MAX, &installed,
			  &length) < 0)
		return;
	if (!has_text(file, installed, length))
		verdict_wrong(verdict, "%s is not the one that is installed", CONTENTS_PROGRAM);
	free(installed);
}

static void check_script(struct run *run, struct verdict *verdict)
{
	const struct contents *contents = run->verify->contents;

	builder_of_image(contents)->check_start(contents, verdict);
}

/* The rules of the host beside those of the image. */
struct comparison {
	const struct run *run;
	struct verdict *verdict;
	const char *path; /* in the image that is looked for on the host */
	bool found;
	size_t count; /* of the host's files */
};

static void compare_host_file(void *context, const char *path, const char *data, size_t length)
{
	struct comparison *comparison = context;
	const struct contents_file *file =
		contents_find(comparison->run->verify->contents, host_below(path));

	comparison->count++;
	if (!file)
		verdict_wrong(comparison->verdict, "%s is not in the image", path);
	else if (!has_text(file, data, length))
		verdict_wrong(comparison->verdict, "%s has changed since", path);
}

static void find_on_host(void *context, const char *path, const char *data, size_t length)
{
	struct comparison *comparison = context;

	(void)data;
	(void)length;
	if (strcmp(path, comparison->path) == 0)
		comparison->found = true;
}

static void compare_image_file(void *context, const char *path, const char *data, size_t length)
{
	struct comparison *comparison = context;

	(void)data;
	(void)length;
	comparison->path = path;
	comparison->found = false;
	digest_each(comparison->run->verify->host, find_on_host, comparison);
	if (!comparison->found)
		verdict_wrong(comparison->verdict, "%s is in the image only", path);
}

/* With this digest, status tells whether rules changed since. */
static void check_digest(struct run *run, struct verdict *verdict)
{
	const struct contents *contents = run->verify->contents;
	const struct contents_file *file = contents_find(contents, &DIGEST_IMAGE[1]);
	char text[DIGEST_TEXT_MAX];

	contents_digest(contents, text);
	if (!file || file->length < strlen(text) || memcmp(file->data, text, strlen(text)) != 0)
		verdict_wrong(verdict, "%s %s", &DIGEST_IMAGE[1],
			      file ? "is not of these rules" : "is missing");
}

static void check_rules(struct run *run, struct verdict *verdict)
{
	struct comparison comparison = { .run = run, .verdict = verdict };
	int result = digest_each(run->verify->host, compare_host_file, &comparison);

	if (result < 0) {
		verdict->state = VERDICT_UNKNOWN;
		verdict_add(verdict, "the rules of now cannot be read: %s", strerror(-result));
		return;
	}
	contents_each_rules(run->verify->contents, compare_image_file, &comparison);
	check_digest(run, verdict);
	if (run->rules.bad)
		verdict_wrong(verdict, "%u cannot be understood", run->rules.bad);
	if (verdict->state == VERDICT_OK)
		verdict_add(verdict, "%s", comparison.count ? "as they are now" : "there are none");
}

static bool is_listed(const struct run *run, const struct pci_device *device)
{
	const struct rules *list = &run->protections;

	if (pci_read_parents(&run->verify->protect->pci, device) < 0)
		return false;
	for (size_t i = 0; i < list->count; i++)
		if (match_rule(&list->list[i], &run->verify->protect->pci, device) == MATCH_YES)
			return true;
	return false;
}

/* Devices that the host did not yet stand on when the image was built. */
static void compare_protected(struct run *run, struct verdict *verdict)
{
	const struct protect *protect = run->verify->protect;
	char address[PCI_ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < protect->pci.count; i++)
		if (protect->reasons[i][0] && !is_listed(run, &protect->pci.devices[i]))
			verdict_wrong(verdict, "%s is not protected, which the host has for %s",
				      pci_address_format(&protect->pci.devices[i].address, address),
				      protect->reasons[i]);
}

/* Rules that only exclude need no list. */
static bool needs_list(const struct run *run)
{
	return rules_want_drivers(&run->rules) ||
	       contents_find(run->verify->contents, CONTENTS_PROTECTED);
}

static bool is_unprotected(const struct run *run)
{
	return !run->listed && contents_find(run->verify->contents, CONTENTS_UNPROTECTED);
}

static void check_protected(struct run *run, struct verdict *verdict)
{
	const struct protect *protect = run->verify->protect;
	size_t count = run->protections.count;

	if (!needs_list(run)) {
		verdict->state = VERDICT_UNNEEDED;
		verdict_add(verdict, "no rule takes a device");
		return;
	}
	if (!run->listed && !is_unprotected(run)) {
		verdict_wrong(verdict, "%s: %s; nothing is bound", CONTENTS_PROTECTED, run->why);
		return;
	}
	if (protect && !protect->hidden)
		compare_protected(run, verdict);
	else if (run->listed)
		verdict->state = VERDICT_UNKNOWN;
	if (!run->listed)
		(verdict->state == VERDICT_WRONG ? verdict_wrong : verdict_add)(
			verdict, "%s: nothing is protected, on purpose", CONTENTS_UNPROTECTED);
	else if (verdict->state != VERDICT_WRONG)
		verdict_add(verdict, "%zu device%s of the host", count, count == 1 ? "" : "s");
	if (verdict->state == VERDICT_UNKNOWN)
		verdict_add(verdict, "which cannot be seen from here");
}

static void check_modules(struct run *run, struct verdict *verdict)
{
	const struct verify *verify = run->verify;

	if (!rules_want_drivers(&run->rules)) {
		verdict->state = VERDICT_UNNEEDED;
		verdict_add(verdict, "no rule takes a device");
		return;
	}
	if (verify->kernel && verify->contents->kernel[0] &&
	    strcmp(verify->kernel, verify->contents->kernel) != 0)
		verdict_wrong(verdict, "they are those of %s", verify->contents->kernel);
	image_modules_check(verify->host, verify->contents, &run->rules, verdict);
}

static void (*const checks[VERIFY_CHECKS])(struct run *run, struct verdict *verdict) = {
	[VERIFY_PROGRAM] = check_program, [VERIFY_SCRIPT] = check_script,
	[VERIFY_RULES] = check_rules,     [VERIFY_PROTECTED] = check_protected,
	[VERIFY_MODULES] = check_modules,
};

static void parse_rules(void *context, const char *path, const char *data, size_t length)
{
	struct run *run = context;

	if (run->error == 0)
		run->error = rules_parse(&run->rules, path, data, length);
}

static void read_list(struct run *run)
{
	const struct contents_file *file = contents_find(run->verify->contents, CONTENTS_PROTECTED);
	int result = -ENOENT;

	snprintf(run->why, sizeof(run->why), "%s", strerror(ENOENT));
	if (file)
		result = protections_parse(&run->protections, "/" CONTENTS_PROTECTED, file->data,
					   file->length, run->why);
	run->listed = result == 0;
	if (result == -ENOMEM)
		run->error = result;
}

static void read_rules(struct run *run)
{
	contents_each_rules(run->verify->contents, parse_rules, run);
	if (run->error == 0)
		read_list(run);
}

int verify_binds_nothing(const struct contents *contents, char why[PROTECTIONS_WHY_MAX])
{
	const struct verify verify = { .contents = contents };
	struct run run = { .verify = &verify };
	bool nothing;

	read_rules(&run);
	nothing = !run.listed && !is_unprotected(&run) && needs_list(&run);
	strcpy(why, nothing ? run.why : "");
	rules_free(&run.rules);
	rules_free(&run.protections);
	return run.error < 0 ? run.error : nothing;
}

int verify_image(const struct verify *verify, struct verdict verdicts[VERIFY_CHECKS])
{
	struct run run = { .verify = verify };

	read_rules(&run);
	for (size_t i = 0; i < VERIFY_CHECKS; i++) {
		verdicts[i] = (struct verdict){ .state = VERDICT_OK };
		if (run.error == 0)
			checks[i](&run, &verdicts[i]);
	}
	rules_free(&run.rules);
	rules_free(&run.protections);
	return run.error;
}
