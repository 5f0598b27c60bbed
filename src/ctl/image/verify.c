/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether an initramfs image will do at the next boot what the current rules say. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/rules.h"
#include "core/text.h"
#include "image/builder.h"
#include "image/digest.h"
#include "image/modules.h"
#include "image/verify.h"

#define PROGRAM_MAX (16u << 20)

/* One run: the image's rules are read once. */
struct run {
	const struct verify *verify;
	struct findings *findings;
	struct rules rules, protections;
	bool listed;                   /* protections is whole */
	char why[PROTECTIONS_WHY_MAX]; /* or why it is not */
	int error;
};

static bool has_text(const struct contents_file *file, const char *text, size_t length)
{
	return file->length == length && memcmp(file->data, text, length) == 0;
}

static void check_program(struct run *run)
{
	const struct contents_file *file = contents_find(run->verify->contents, CONTENTS_PROGRAM);
	struct findings *findings = run->findings;
	char *installed;
	size_t length;

	if (!file || !(file->mode & 0111)) {
		findings_add(findings, FINDING_ERROR, NULL, "%s %s", CONTENTS_PROGRAM,
			     file ? "is not executable" : "is missing");
		return;
	}
	findings_add(findings, FINDING_OK, NULL, "%s", CONTENTS_PROGRAM);
	if (file_read_all(run->verify->host->directory, CONTENTS_PROGRAM, PROGRAM_MAX, &installed,
			  &length) < 0)
		return;
	if (!has_text(file, installed, length))
		findings_add(findings, FINDING_ERROR, NULL, "%s is not the installed one",
			     CONTENTS_PROGRAM);
	free(installed);
}

static void check_script(struct run *run)
{
	const struct contents *contents = run->verify->contents;

	builder_of_image(contents)->check_start(contents, run->findings);
}

/* The rules of the host beside those of the image. */
struct comparison {
	const struct run *run;
	const char *path; /* in the image that is looked for on the host */
	bool found;
	size_t count, differing; /* of the host's files */
};

static void compare_host_file(void *context, const char *path, const char *data, size_t length)
{
	struct comparison *comparison = context;
	const struct contents_file *file =
		contents_find(comparison->run->verify->contents, host_below(path));

	comparison->count++;
	if (file && has_text(file, data, length))
		return;
	comparison->differing++;
	findings_add(comparison->run->findings, FINDING_ERROR, NULL, "%s %s", path,
		     file ? "has changed since the image was built" : "is not in the image");
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
	if (comparison->found)
		return;
	comparison->differing++;
	findings_add(comparison->run->findings, FINDING_ERROR, NULL, "%s is only in the image",
		     path);
}

static void check_rules(struct run *run)
{
	struct comparison comparison = { .run = run };
	const struct contents *contents = run->verify->contents;
	const struct contents_file *file = contents_find(contents, &DIGEST_IMAGE[1]);
	struct findings *findings = run->findings;
	int result = digest_each(run->verify->host, compare_host_file, &comparison);
	char text[DIGEST_TEXT_MAX];

	if (result < 0) {
		findings_add(findings, FINDING_UNKNOWN, NULL, "the current rules can't be read: %s",
			     strerror(-result));
		return;
	}
	contents_each_rules(contents, compare_image_file, &comparison);
	contents_digest(contents, text);
	if (!file || file->length < strlen(text) || memcmp(file->data, text, strlen(text)) != 0) {
		comparison.differing++;
		findings_add(findings, FINDING_ERROR, NULL, "%s %s", &DIGEST_IMAGE[1],
			     file ? "is not of these rules" : "is missing");
	}
	if (run->rules.bad)
		findings_add(findings, FINDING_ERROR, NULL, "%u not valid", run->rules.bad);
	else if (comparison.differing == 0)
		findings_add(findings, FINDING_OK, NULL, "%s",
			     comparison.count ? "the current ones" : "there are none");
}

bool *verify_lacking(const struct rules *list, struct protect *protect)
{
	struct plan plan;
	bool *lacking = calloc(protect->pci.count + 1, sizeof(*lacking));
	int result = protect_apply_list(&plan, list, &protect->pci);

	for (size_t i = 0; i < protect->pci.count && lacking && result == 0; i++)
		lacking[i] = protect->reasons[i][0] &&
			     (!plan.choices[i].protects ||
			      plan.choices[i].identity != PLAN_THE_SAME);
	plan_free(&plan);
	if (result == 0)
		return lacking;
	free(lacking);
	return NULL;
}

/* Devices that are in use by the host now, and were not when the image was built. */
static size_t compare_protected(struct run *run)
{
	struct protect *protect = run->verify->protect;
	bool *lacking = verify_lacking(&run->protections, protect);
	char address[PCI_ADDRESS_TEXT_MAX];
	size_t count = 0;

	if (!lacking)
		run->error = -ENOMEM;
	for (size_t i = 0; i < protect->pci.count && lacking; i++) {
		if (!lacking[i])
			continue;
		count++;
		findings_add(run->findings, FINDING_ERROR, NULL,
			     "%s is in use by the host and not in the list: %s",
			     pci_address_format(&protect->pci.devices[i].address, address),
			     protect->reasons[i]);
	}
	free(lacking);
	return count;
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

static void check_protected(struct run *run)
{
	const struct protect *protect = run->verify->protect;
	struct findings *findings = run->findings;
	size_t count = run->protections.count;

	if (!needs_list(run)) {
		findings_add(findings, FINDING_NONE, NULL, "no rule binds a device");
	} else if (is_unprotected(run)) {
		bool lacks = protect && !protect->hidden && compare_protected(run) > 0;

		findings_add(findings, lacks ? FINDING_ERROR : FINDING_OK, NULL,
			     "%s: no device is protected, on purpose", CONTENTS_UNPROTECTED);
	} else if (!run->listed) {
		findings_add(findings, FINDING_ERROR, NULL, "%s: %s; nothing is bound",
			     CONTENTS_PROTECTED, run->why);
	} else if (!protect || protect->hidden) {
		findings_add(findings, FINDING_UNKNOWN, NULL,
			     "%zu device%s listed, and those in use by the host can't be seen",
			     count, count == 1 ? "" : "s");
	} else if (compare_protected(run) == 0) {
		findings_add(findings, protect->incomplete ? FINDING_UNKNOWN : FINDING_OK, NULL,
			     "%zu device%s in use by the host%s", count, count == 1 ? "" : "s",
			     protect->incomplete ? ", and more that could not be followed" : "");
	}
}

static void check_modules(struct run *run)
{
	const struct verify *verify = run->verify;

	if (!rules_want_drivers(&run->rules)) {
		findings_add(run->findings, FINDING_NONE, NULL, "no rule binds a device");
		return;
	}
	if (verify->kernel && verify->contents->kernel[0] &&
	    strcmp(verify->kernel, verify->contents->kernel) != 0)
		findings_add(run->findings, FINDING_ERROR, NULL, "they are of kernel %s",
			     verify->contents->kernel);
	image_modules_check(verify->host, verify->contents, &run->rules, run->findings);
}

const char *const verify_checks[] = { "program", "script", "rules", "protected", "modules", NULL };

static void (*const checks[])(struct run *run) = {
	check_program, check_script, check_rules, check_protected, check_modules,
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

char *verify_copy_list(const struct contents *contents)
{
	const struct contents_file *list = contents_find(contents, CONTENTS_PROTECTED);

	if (!list && !contents_find(contents, CONTENTS_UNPROTECTED))
		return NULL;
	return list ? strndup(list->data, list->length) : strdup(PROTECTIONS_COUNT "0\n");
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

int verify_image(const struct verify *verify, struct findings *findings)
{
	struct run run = { .verify = verify, .findings = findings };

	read_rules(&run);
	for (size_t i = 0; verify_checks[i] && run.error == 0; i++) {
		findings->topic = verify_checks[i];
		checks[i](&run);
	}
	rules_free(&run.rules);
	rules_free(&run.protections);
	return run.error < 0 ? run.error : findings->failed ? -ENOMEM : 0;
}
