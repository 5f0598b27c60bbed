/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as a table. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/output.h"
#include "core/bounds.h"
#include "core/file.h"
#include "core/report.h"

#define STATUS_DIRECTORY "run/vfio-early"
#define STATUS_NEW       STATUS_DIRECTORY "/status.new"
#define STATUS_FILE      STATUS_DIRECTORY "/status"

/* The list of devices in use by the host is read up to this size, too. */
#define COPY_MAX RULES_FILE_MAX

/* Collects lines, so that a report of a few rows is one write(2). */
struct output {
	int fd;
	int error;
	size_t used;
	char text[8 * REPORT_LINE_MAX];
};

static void flush(struct output *output)
{
	size_t done = 0;

	while (output->error == 0 && done < output->used) {
		ssize_t written = write(output->fd, output->text + done, output->used - done);

		if (written >= 0)
			done += (size_t)written;
		else if (errno != EINTR)
			output->error = -errno;
	}
	output->used = 0;
}

static void add(struct output *output, const char *line)
{
	size_t length = strlen(line);

	if (output->used + length > sizeof(output->text))
		flush(output);
	memcpy(output->text + output->used, line, length);
	output->used += length;
}

static int write_rows(int fd, const struct report *report, const char *header)
{
	struct output output = { .fd = fd };
	char line[REPORT_LINE_MAX];

	add(&output, header);
	for (size_t i = 0; i < report->count; i++)
		add(&output, report_format_row(&report->rows[i], line));
	flush(&output);
	return output.error;
}

int output_table(int fd, const struct report *report)
{
	return write_rows(fd, report, REPORT_HEADER);
}

static int write_status(int root, const struct report *report)
{
	cleanup_fd int fd = file_open_flags(root, STATUS_NEW, O_WRONLY | O_CREAT | O_TRUNC);
	int result;

	if (fd < 0)
		return fd;
	result = output_table(fd, report);
	while (result == 0 && fsync(fd) < 0)
		if (errno != EINTR)
			result = -errno;
	return result;
}

static int make_directory(int root)
{
	return mkdirat(root, STATUS_DIRECTORY, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

int output_status(int root, const struct report *report)
{
	int result = make_directory(root);

	if (result < 0)
		return result;
	result = write_status(root, report);
	if (result == 0 && renameat(root, STATUS_NEW, root, STATUS_FILE) < 0)
		result = -errno;
	if (result < 0)
		unlinkat(root, STATUS_NEW, 0);
	return result;
}

int output_added(int root, const struct report *report)
{
	cleanup_fd int fd = file_open_flags(root, STATUS_FILE, O_WRONLY | O_APPEND);

	return fd < 0 ? fd : write_rows(fd, report, "");
}

int output_copy(int root, const char *from, const char *to)
{
	cleanup_fd int fd = -1;
	size_t length = 0;
	char *text = NULL;
	int result = file_read_all(root, from + 1, COPY_MAX, &text, &length);

	if (result < 0)
		return result == -ENOENT ? 0 : result;
	result = make_directory(root);
	if (result == 0)
		result = fd = file_open_flags(root, to + 1, O_WRONLY | O_CREAT | O_TRUNC);
	if (fd >= 0)
		result = file_write(fd, text, length);
	/* Half a list would be taken for a whole one. */
	if (result < 0)
		unlinkat(root, to + 1, 0);
	free(text);
	return result;
}
