/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a forum or a bug report asks for, in one file. */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "audit/booted.h"
#include "command/command.h"
#include "command/report.h"
#include "core/rules.h"
#include "look/device.h"
#include "protect/routes.h"
#include "term/message.h"
#include "term/shown.h"

#define HEX2 "[[:xdigit:]]{2}"
#define HEX4 "[[:xdigit:]]{4}"

/* What tells who somebody is, and what stands in its place. The longest first. */
static const struct {
	const char *pattern, *instead;
} secrets[] = {
	{ HEX4 HEX4 "(-" HEX4 "){3}-(" HEX4 "){3}", "UUID" },
	{ HEX2 "(-" HEX2 "){7}", "SERIAL" },
	{ "serial(no|_number)?[=:][[:space:]]*[^[:space:]]+", "serial=SERIAL" },
	{ HEX2 "(:" HEX2 "){5,19}", "MAC" },
	{ "\\<enx[[:xdigit:]]{12}", "enxMAC" },
	{ "(UUID|LABEL)=[^[:space:]]+", "UUID=UUID" },
	{ "by-(id|uuid|partuuid|label)/[^[:space:]]+", "by-uuid/UUID" },
	{ "[0-9]{1,3}(\\.[0-9]{1,3}){3}", "IP" },
	/* Eight parts, or with a gap: IDs of PCI devices have four. */
	{ "[[:xdigit:]]{1,4}(:[[:xdigit:]]{1,4}){7}", "IP" },
	{ "[[:xdigit:]]{1,4}(:[[:xdigit:]]{1,4})*::([[:xdigit:]]{1,4}(:[[:xdigit:]]{1,4})*)?",
	  "IP" },
};

#define SECRETS (sizeof(secrets) / sizeof(secrets[0]))

struct report {
	struct doctor *doctor;
	FILE *stream;
	regex_t patterns[SECRETS];
	size_t count;   /* of the patterns that are ready */
	char name[256]; /* of the host; "" if that is not known */
};

static bool is_in_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_';
}

/* The first secret in the text: which, and where; SECRETS: the host's name. */
static bool find_secret(const struct report *report, const char *text, size_t *which,
			regmatch_t *where)
{
	const char *name = report->name[0] ? strcasestr(text, report->name) : NULL;
	regmatch_t match;
	bool found = false;

	if (name && !is_in_word(name[strlen(report->name)]) &&
	    (name == text || !is_in_word(name[-1]))) {
		where->rm_so = (regoff_t)(name - text);
		where->rm_eo = where->rm_so + (regoff_t)strlen(report->name);
		*which = SECRETS;
		found = true;
	}
	for (size_t i = 0; i < report->count; i++)
		if (regexec(&report->patterns[i], text, 1, &match, 0) == 0 &&
		    match.rm_eo > match.rm_so && (!found || match.rm_so < where->rm_so)) {
			*where = match;
			*which = i;
			found = true;
		}
	return found;
}

static void print(const struct report *report, const char *text)
{
	regmatch_t where = { 0 };
	size_t which = SECRETS;

	while (find_secret(report, text, &which, &where)) {
		shown_print(report->stream, SHOWN_LINES, "%.*s%s", (int)where.rm_so, text,
			    which < SECRETS ? secrets[which].instead : "HOST");
		text += where.rm_eo;
	}
	shown_print(report->stream, SHOWN_LINES, "%s\n", text);
}

__attribute__((format(printf, 2, 3))) static void printl(const struct report *report,
							 const char *format, ...)
{
	va_list arguments;
	char *line;

	va_start(arguments, format);
	if (vasprintf(&line, format, arguments) >= 0) {
		print(report, line);
		free(line);
	}
	va_end(arguments);
}

/* Prints lines of a text, all, or those that one of the words is in. */
static void print_lines(const struct report *report, char *text, const char *const *words)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		bool wanted = !words;

		for (size_t i = 0; words && words[i]; i++)
			wanted |= strcasestr(line, words[i]) != NULL;
		if (wanted && (line[0] || text))
			print(report, line);
	}
}

static void print_file(const struct report *report, const char *path)
{
	char *text;
	int result = host_read_text(&report->doctor->inventory.host, path, &text);

	if (result < 0) {
		printl(report, "%s: %s", path, strerror(-result));
		return;
	}
	printl(report, "%s:", path);
	print_lines(report, text, NULL);
	free(text);
}

static void print_host(const struct report *report)
{
	static const char *const files[] = { "product_name", "board_vendor", "board_name",
					     "bios_vendor",  "bios_version", "bios_date" };
	static const char *const lines[] = { "PRETTY_NAME=", NULL };
	static const char *const cpu[] = { "model name", NULL };
	const struct host *host = &report->doctor->inventory.host;
	char value[128], *text, *end;

	printl(report, "vfio-earlyctl " VERSION);
	if (host_read_text(host, "/etc/os-release", &text) == 0) {
		print_lines(report, text, lines);
		free(text);
	}
	printl(report, "kernel: %s", report->doctor->release);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (host_readf(host, value, sizeof(value), "/sys/class/dmi/id/%s", files[i]) > 0)
			printl(report, "%s: %s", files[i], value);
	if (host_read_text(host, "/proc/cpuinfo", &text) < 0)
		return;
	end = strstr(text, "\n\n"); /* the first processor will do */
	if (end)
		*end = '\0';
	print_lines(report, text, cpu);
	free(text);
}

static int print_rules_file(void *context, const char *path)
{
	print_file(context, path);
	return 0;
}

static void print_rules(const struct report *report)
{
	rules_each_file(report->doctor->inventory.host.directory, print_rules_file, (void *)report);
}

static void print_devices(const struct report *report)
{
	struct inventory *inventory = &report->doctor->inventory;
	const struct pci *pci = &inventory->forecast.pci;

	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i];
		const struct plan_row *row = inventory_row(inventory, device);
		char name[PCI_IDS_TEXT_MAX], class[PCI_IDS_TEXT_MAX], address[PCI_ADDRESS_TEXT_MAX];
		char uses[DEVICE_TEXT_MAX] = "";

		device_add_uses(inventory, device, uses);
		for (char *p = uses; (p = strchr(p, '\n'));)
			*p = ',';
		printl(report, "%s group %d %s: %s [%04x:%04x] driver %s%s%s%s%s",
		       pci_address_format(&device->address, address), device->group,
		       pci_ids_class(&inventory->names, device, class, sizeof(class)),
		       pci_ids_device(&inventory->names, device, name, sizeof(name)),
		       device->vendor, device->device, device->driver ?: "none",
		       row ? ", next boot: " : "", row ? outcome_name(row->outcome) : "",
		       uses[0] ? ", in use by the host: " : "", uses);
	}
}

#define INTERFACES "/sys/class/net"

static int print_lower(void *context, const char *directory, const char *name)
{
	if (strncmp(name, "lower_", 6) == 0)
		printl(context, "lower %s %s", strrchr(directory, '/') + 1, name + 6);
	return 0;
}

static int print_interface(void *context, const char *directory, const char *name)
{
	static const char devices[] = "/sys/devices/";
	const struct report *report = context;
	const struct host *host = &report->doctor->inventory.host;
	char path[PATH_MAX], resolved[PATH_MAX];

	if (host_path(path, "%s/%s", directory, name) < 0 ||
	    host_resolve(host, path, resolved) < 0 ||
	    strncmp(resolved, devices, sizeof(devices) - 1) != 0)
		return 0;
	printl(report, "net %s %.*s", name,
	       (int)(strrchr(resolved, '/') - resolved - (ptrdiff_t)(sizeof(devices) - 1)),
	       resolved + sizeof(devices) - 1);
	host_each(host, resolved, print_lower, context);
	return 0;
}

/* Interfaces with their directories below /sys/devices and what is below them; then the record. */
static void print_network(const struct report *report)
{
	const struct host *host = &report->doctor->inventory.host;
	struct routes routes;
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	int result = routes_read(&routes, host);

	host_each(host, INTERFACES, print_interface, (void *)report);
	if (stream)
		routes_print(&routes, stream);
	if (!stream || fclose(stream))
		result = -ENOMEM;
	if (result == 0)
		print_lines(report, text, NULL);
	else
		printl(report, "addresses and routes: %s", strerror(-result));
	free(text);
	routes_free(&routes);
}

static void print_status(const struct report *report)
{
	print_file(report, BOOTED_STATUS);
}

/* The ring buffer of the running kernel; a tree has none. */
static void print_log(const struct report *report)
{
	static const char *const words[] = { "vfio",      "iommu", "DMAR", "AMD-Vi",
					     "remapping", "BAR ",  NULL };
	enum { READ_ALL = 3, SIZE = 10 }; /* syslog(2) */
	int size = report->doctor->inventory.host.live ? klogctl(SIZE, NULL, 0) : 0, length = 0;
	char *text = size > 0 ? malloc((size_t)size + 1) : NULL;

	if (text)
		length = klogctl(READ_ALL, text, size);
	if (length > 0) {
		text[length] = '\0';
		print_lines(report, text, words);
	} else {
		printl(report, "%s", length < 0 || size < 0 ? strerror(errno) : "not available");
	}
	free(text);
}

static void print_cmdline(const struct report *report)
{
	print_file(report, "/proc/cmdline");
}

static const struct {
	const char *name;
	void (*print)(const struct report *report);
} sections[] = {
	{ "Host", print_host },
	{ "Kernel command line", print_cmdline },
	{ "Devices and IOMMU groups", print_devices },
	{ "Network", print_network },
	{ "Rules", print_rules },
	{ "Result of this boot", print_status },
	{ "Kernel log", print_log },
};

static void print_findings(const struct report *report, const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		printl(report, "%s: %s: %s%s%s%s%s", finding->topic,
		       findings_level_name(finding->level), finding->where ?: "",
		       finding->where ? ": " : "", finding->text, finding->fix ? "\n  fix: " : "",
		       finding->fix ?: "");
	}
}

static void fill(struct report *report, const struct findings *findings)
{
	/* A name so short is part of other words. */
	if (host_readf(&report->doctor->inventory.host, report->name, sizeof(report->name),
		       "/proc/sys/kernel/hostname") < 0 ||
	    strlen(report->name) < 3)
		report->name[0] = '\0';
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		fprintf(report->stream, "%s=== %s\n", i ? "\n" : "", sections[i].name);
		sections[i].print(report);
	}
	fputs("\n=== Checks\n", report->stream);
	print_findings(report, findings);
}

static int tell(const char *path)
{
	printf("%s has", path);
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		printf("%s %s", i ? "," : "", sections[i].name);
	puts(", Checks.\nSerial numbers, MAC and IP addresses, the host name and UUIDs are replaced. "
	     "Read it before\nyou publish it.");
	return CTL_OK;
}

int report_write(const char *path, struct doctor *doctor, const struct findings *findings)
{
	struct report report = { .doctor = doctor, .stream = stdout };
	bool file = strcmp(path, "-") != 0;
	int fd = file ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;

	if (file) {
		report.stream = fd < 0 ? NULL : fdopen(fd, "w");
		if (!report.stream)
			return ctl_fail("%s: %s", path, strerror(errno));
	}
	for (; report.count < SECRETS; report.count++)
		if (regcomp(&report.patterns[report.count], secrets[report.count].pattern,
			    REG_EXTENDED | REG_ICASE))
			break;
	fill(&report, findings);
	fd = report.count < SECRETS ? -ENOMEM : 0;
	while (report.count > 0)
		regfree(&report.patterns[--report.count]);
	if (!file)
		return fd < 0 ? ctl_fail("%s", strerror(ENOMEM)) : CTL_OK;
	if (fflush(report.stream) || ferror(report.stream))
		fd = -errno;
	fclose(report.stream);
	if (fd == 0)
		return tell(path);
	unlink(path);
	return ctl_fail("%s: %s", path, strerror(-fd));
}
