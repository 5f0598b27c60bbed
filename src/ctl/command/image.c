/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl image: whether images will do at the next boot what the rules say. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootloader/esp.h"
#include "command/command.h"
#include "host/array.h"
#include "host/joined.h"
#include "image/builder.h"
#include "image/contents.h"
#include "image/digest.h"
#include "image/kernels.h"
#include "image/verify.h"
#include "term/document.h"
#include "term/findings.h"
#include "term/options.h"
#include "term/shown.h"

#define BOOT        "/boot"
#define IMAGE_START "initrd.img-"

#define DETAIL_TEXT_MAX 512

/* Whether a copy is the same as the image in BOOT: beside verify_checks. */
static const char copied[] = "copy";

enum { NAME, IMAGE, KERNEL, STATE, DETAIL };

static const struct table_column columns[] = {
	[NAME] = { .name = "NAME",
		   .flags = TABLE_TREE,
		   .help = "image, and what is looked at in it" },
	[IMAGE] = { .name = "IMAGE", .flags = TABLE_EXTRA | TABLE_LIST, .help = "file" },
	[KERNEL] = { .name = "KERNEL",
		     .flags = TABLE_EXTRA,
		     .help = "release whose modules it has" },
	[STATE] = { .name = "STATE", .help = "ok, error, unknown or n/a" },
	[DETAIL] = { .name = "DETAIL",
		     .flags = TABLE_LINES,
		     .help = "what is wrong, or what was found" },
	{},
};

struct image {
	char name[PATH_MAX];       /* as the person or the host calls it */
	char path[PATH_MAX];       /* for this process */
	char kernel[NAME_MAX + 1]; /* that it is meant for; "" if that is not known */
	const struct esp *esp;     /* it is the copy there of what BOOT has; NULL: it is no copy */
	char copy[PATH_MAX];
};

struct inspection {
	struct host host;
	struct protect protect;
	struct esps esps; /* of proxmox-boot-tool: what boots is on them */
	bool esps_opened;
	struct image *images;
	size_t count;
	struct table_options options;
	struct table table;
	bool quiet;
	const char *record; /* kernel whose digest is to be noted */
	bool wrong;         /* something is, in some image */
	bool miscopied;     /* the copy of one differs, or is missing */
	int status;
};

static void worsen(struct inspection *run, int status)
{
	if (run->status == CTL_OK || status == CTL_INTERNAL)
		run->status = status;
}

static int add_file(struct inspection *run, const char *path)
{
	struct image *image = array_add(run->images, run->count);
	int result = image ? host_path(image->name, "%s", path) : -ENOMEM;

	return result < 0 ? result : host_path(image->path, "%s", path);
}

/* Where it is booted from; each partition can have another copy. */
static int add_copies(struct inspection *run, const char *kernel)
{
	struct findings findings = { .count = 0 };
	int result = 0;

	if (!run->esps_opened && !run->record) {
		run->esps_opened = true;
		esps_open(&run->esps, &run->host);
		esps_check(&findings, &run->host, &run->esps);
		findings_report(&findings);
		if (findings.count > 0)
			worsen(run, CTL_INCOMPLETE);
		findings_free(&findings);
	}
	for (size_t i = 0; i < run->esps.count && result == 0; i++) {
		const struct esp *esp = &run->esps.list[i];
		char copy[PATH_MAX];
		struct image *image;

		if (!esp_find_copy(esp, kernel, copy))
			continue;
		image = array_add(run->images, run->count);
		if (!image)
			return -ENOMEM;
		image->esp = esp;
		strcpy(image->copy, copy);
		snprintf(image->kernel, sizeof(image->kernel), "%s", kernel);
		result = host_path(image->name, "ESP %s: %s", esp->uuid, copy);
		if (result == 0)
			result = host_outside(&esp->files, copy, image->path);
	}
	return result;
}

static int add_kernel(struct inspection *run, const char *kernel)
{
	struct image *image = array_add(run->images, run->count);
	int result = image ? host_path(image->name, BOOT "/" IMAGE_START "%s", kernel) : -ENOMEM;

	if (result < 0)
		return result;
	snprintf(image->kernel, sizeof(image->kernel), "%s", kernel);
	result = host_outside(&run->host, image->name, image->path);
	return result < 0 ? result : add_copies(run, kernel);
}

static int take_boot_entry(void *context, const char *directory, const char *name)
{
	const char *kernel = name + sizeof(IMAGE_START) - 1;

	(void)directory;
	if (strncmp(name, IMAGE_START, sizeof(IMAGE_START) - 1) == 0 && kernel[0] &&
	    !kernels_is_leftover(kernel))
		return add_kernel(context, kernel);
	return 0;
}

static int compare_images(const void *a, const void *b)
{
	const struct image *left = a, *right = b;
	int order = strverscmp(left->kernel, right->kernel);

	if (order == 0) /* the copies last, each of another partition */
		order = (left->esp > right->esp) - (left->esp < right->esp);
	return order;
}

static int add_all(struct inspection *run)
{
	int result = host_each(&run->host, BOOT, take_boot_entry, run);

	if (result < 0)
		return ctl_fail(BOOT ": %s", strerror(-result)), result;
	if (run->count == 0)
		return ctl_fail("no image in " BOOT "; name a file"), -ENOENT;
	qsort(run->images, run->count, sizeof(*run->images), compare_images);
	return 0;
}

/* A kernel has its image in /boot, everything else is a file. */
static int add_operand(struct inspection *run, const char *operand)
{
	char name[PATH_MAX];
	int result = host_path(name, IMAGE_START "%s", operand);

	if (result == 0 && !strchr(operand, '/') && host_has(&run->host, BOOT, name))
		result = add_kernel(run, operand);
	else if (result == 0 && access(operand, F_OK) < 0)
		return ctl_fail("%s: there is neither such a file nor an image " BOOT "/%s",
				operand, name),
		       -ENOENT;
	else if (result == 0)
		result = add_file(run, operand);
	if (result < 0)
		ctl_fail("%s: %s", operand, strerror(-result));
	return result;
}

/* For status and check, which then need not look into it; one that binds nothing they explain. */
static void record(struct inspection *run, const struct contents *contents)
{
	char *list = verify_copy_list(contents);
	char digest[DIGEST_TEXT_MAX], why[PROTECTIONS_WHY_MAX];
	int nothing = verify_binds_nothing(contents, why);
	int result = nothing < 0 ? nothing : 0;

	contents_digest(contents, digest);
	if (result == 0 && nothing)
		result = digest_drop(&run->host, run->record);
	else if (result == 0)
		result = digest_note(&run->host, run->record, digest, list);
	if (result < 0)
		worsen(run, ctl_fail(DIGEST_KERNELS ": %s", strerror(-result)));
	digest_forget(&run->host, run->record);
	free(list);
}

/* The worst level of a check, or of all if check is NULL. */
static enum finding_level worst(const struct findings *findings, const char *check)
{
	static const enum finding_level order[] = { FINDING_ERROR, FINDING_UNKNOWN, FINDING_OK };

	for (size_t n = 0; n < sizeof(order) / sizeof(order[0]); n++)
		for (size_t i = 0; i < findings->count; i++)
			if (findings->list[i].level == order[n] &&
			    (!check || findings->list[i].topic == check))
				return order[n];
	return FINDING_NONE;
}

static void set_state(struct table *table, struct libscols_line *line, enum finding_level level)
{
	table_set(table, line, STATE, findings_level_name(level));
	if (level == FINDING_ERROR)
		table_color(table, line, TABLE_RED);
}

/* What is wrong in a check, a line each; or else what was found. */
static void add_check(struct inspection *run, struct libscols_line *above,
		      const struct image *image, const char *kernel,
		      const struct findings *findings, const char *check)
{
	struct libscols_line *line = table_add(&run->table, above);
	enum finding_level level = worst(findings, check);
	char detail[DETAIL_TEXT_MAX] = "";

	for (size_t i = 0; i < findings->count; i++)
		if (findings->list[i].topic == check && findings->list[i].level == level)
			joined_add_by(detail, sizeof(detail), level == FINDING_ERROR ? "\n" : ", ",
				      findings->list[i].text);
	table_set(&run->table, line, NAME, check);
	table_set(&run->table, line, IMAGE, image->name);
	table_set(&run->table, line, KERNEL, kernel);
	table_set(&run->table, line, DETAIL, detail);
	set_state(&run->table, line, level);
}

static void add_lines(struct inspection *run, const struct image *image, const char *kernel,
		      const struct findings *findings)
{
	struct libscols_line *above = table_add(&run->table, NULL);

	table_set(&run->table, above, NAME, image->name);
	table_set(&run->table, above, IMAGE, image->name);
	table_set(&run->table, above, KERNEL, kernel);
	set_state(&run->table, above, worst(findings, NULL));
	if (image->esp)
		add_check(run, above, image, kernel, findings, copied);
	for (size_t n = 0; verify_checks[n] && kernel; n++)
		add_check(run, above, image, kernel, findings, verify_checks[n]);
}

/* Returns whether the copy is no other image than that in BOOT. */
static bool compare_copy(struct inspection *run, const struct image *image,
			 struct findings *findings)
{
	char original[PATH_MAX];
	const char *fault = NULL;

	findings->topic = copied;
	if (host_path(original, BOOT "/" IMAGE_START "%s", image->kernel) == 0)
		fault = esp_find_fault(image->esp, image->copy, &run->host, original);
	if (fault)
		findings_add(findings, FINDING_ERROR, NULL, "%s %s", fault, original);
	else
		findings_add(findings, FINDING_OK, NULL, "same as %s", original);
	run->miscopied |= fault != NULL;
	return !fault;
}

static int look_into(struct inspection *run, const struct image *image)
{
	struct findings findings = { .count = 0 };
	char message[INITRAMFS_MESSAGE_MAX];
	struct contents contents;
	const struct verify verify = { &run->host, &contents, &run->protect,
				       image->kernel[0] ? image->kernel : NULL };
	bool same = !image->esp || compare_copy(run, image, &findings);
	int result = contents_read(&contents, image->path, message);
	/* One that is cut or missing has been reported. */
	bool lost = result < 0 && result != -ENOMEM && !same;
	enum finding_level level;

	if (lost)
		result = 0;
	else if (result == 0)
		result = verify_image(&verify, &findings);
	level = worst(&findings, NULL);
	if (result < 0)
		ctl_fail("%s: %s", image->name, message[0] ? message : strerror(-result));
	else if (!run->quiet)
		add_lines(run, image, lost ? NULL : contents.kernel, &findings);
	/* For an image build, whose other warnings look the same. */
	for (size_t i = 0; i < findings.count && result == 0 && run->quiet; i++)
		if (findings.list[i].level == FINDING_ERROR)
			shown_print(stderr, "\n", "W: vfio-early: %s: %s: %s\n", image->name,
				    findings.list[i].topic, findings.list[i].text);
	if (result == 0 && run->record)
		record(run, &contents);
	if (result == 0 && level < FINDING_OK)
		worsen(run, CTL_INCOMPLETE);
	run->wrong |= result == 0 && level == FINDING_ERROR && !image->esp;
	findings_free(&findings);
	contents_free(&contents);
	return result;
}

static void look_into_all(struct inspection *run)
{
	struct document document = { .options = &run->options };
	int result = table_open(&run->table, &run->options, "images", columns);

	for (size_t i = 0; i < run->count && result == 0; i++) {
		int looked = look_into(run, &run->images[i]);

		if (looked < 0)
			worsen(run, looked == -ENOMEM ? CTL_INTERNAL : CTL_INCOMPLETE);
	}
	if (result == 0 && !run->quiet)
		result = document_print_table(&document, &run->table, NULL);
	if (result < 0 || !run->quiet)
		worsen(run, document_end(&document, result, CTL_OK));
	table_close(&run->table);
	if ((run->wrong || run->miscopied) && !run->quiet)
		ctl_fail("to fix what is wrong, run '%s'",
			 run->wrong ? builder_find(&run->host)->command
				    : "proxmox-boot-tool refresh");
}

static int find_images(struct inspection *run, int count, char **operands)
{
	int result = 0;

	if (run->record && count != 1)
		return ctl_fail("--record is for one image, found %d", count), -EINVAL;
	if (count == 0)
		return add_all(run);
	for (int i = 0; i < count && result == 0; i++)
		result = add_operand(run, operands[i]);
	if (result == 0 && run->record)
		snprintf(run->images[0].kernel, sizeof(run->images[0].kernel), "%s", run->record);
	return result;
}

static void run_command(struct inspection *run, const struct ctl *ctl, int count, char **operands)
{
	int result = host_open(&run->host, ctl->root);

	if (result < 0)
		worsen(run, ctl_fail("%s: %s", ctl->root, strerror(-result)));
	else if (find_images(run, count, operands) < 0)
		worsen(run, CTL_INTERNAL);
	if (run->status != CTL_INTERNAL) {
		result = protect_find(&run->protect, ctl->root);
		if (result < 0) {
			worsen(run, ctl_fail("devices in use by the host: %s", strerror(-result)));
			run->protect.hidden = true;
		}
		look_into_all(run);
		protect_free(&run->protect);
	}
	esps_close(&run->esps);
	host_close(&run->host);
	free(run->images);
}

static const char usage[] =
	"Usage: vfio-earlyctl image [OPTION]... [FILE|KERNEL]...\n"
	"Checks whether initramfs images will do at the next boot what the rules say. Without\n"
	"operand: all images in " BOOT ", and their copies that boot, as of proxmox-boot-tool.\n"
	"\n"
	"  -q, --quiet         print only what is wrong, on standard error\n"
	"      --record KERNEL note which rules the image of this kernel has\n"
	"  -h, --help          print this\n";

static const char statuses[] =
	"0 nothing is wrong, 1 usage or internal error, 2 something is wrong in an image, or\n"
	"can't be seen.";

int command_image(const struct ctl *ctl, int argc, char **argv)
{
	struct inspection run = { .protect = { .pci = { .directory = -1 } } };
	const struct options_entry entries[] = {
		{ 'q', "quiet", .set = &run.quiet },
		{ '\0', "record", .text = &run.record },
		{},
	};
	const struct options options = {
		.usage = usage,
		.statuses = statuses,
		.entries = entries,
		.table = &run.options,
		.columns = columns,
		.operands_max = OPTIONS_ANY_OPERANDS,
	};
	int status = options_parse(&options, ctl, &argc, &argv);

	if (status != OPTIONS_RUN)
		return status;
	run_command(&run, ctl, argc, argv);
	return run.status;
}
