/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as a table. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "output.h"
#include "report.h"

#define STATUS_DIRECTORY "run/vfio-early"
#define STATUS_NEW	 STATUS_DIRECTORY "/status.new"
#define STATUS_FILE	 STATUS_DIRECTORY "/status"
#define DIGEST_IMAGE	 "etc/vfio-early.digest"
#define DIGEST_BOOTED	 STATUS_DIRECTORY "/digest"

/* SHA-256 in hexadecimal, a newline and a NUL. */
#define DIGEST_MAX 66

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

int output_table(int fd, const struct plan *plan)
{
	struct output output = { .fd = fd };
	char line[REPORT_LINE_MAX];

	add(&output, REPORT_HEADER);
	for (size_t i = 0; i < plan->count; i++)
		add(&output, report_format_row(&plan->rows[i], line));
	flush(&output);
	return output.error;
}

static int write_status(int root, const struct plan *plan)
{
	cleanup_fd int fd = file_open_flags(root, STATUS_NEW, O_WRONLY | O_CREAT | O_TRUNC);
	int result;

	if (fd < 0)
		return fd;
	result = output_table(fd, plan);
	while (result == 0 && fsync(fd) < 0)
		if (errno != EINTR)
			result = -errno;
	return result;
}

static int make_directory(int root)
{
	return mkdirat(root, STATUS_DIRECTORY, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

int output_status(int root, const struct plan *plan)
{
	int result = make_directory(root);

	if (result < 0)
		return result;
	result = write_status(root, plan);
	if (result == 0 && renameat(root, STATUS_NEW, root, STATUS_FILE) < 0)
		result = -errno;
	if (result < 0)
		unlinkat(root, STATUS_NEW, 0);
	return result;
}

int output_digest(int root)
{
	char digest[DIGEST_MAX];
	ssize_t length = file_read(root, DIGEST_IMAGE, digest, sizeof(digest));
	cleanup_fd int fd = -1;
	int result;

	if (length < 0)
		return length == -ENOENT ? 0 : (int)length;
	result = make_directory(root);
	if (result < 0)
		return result;
	fd = file_open_flags(root, DIGEST_BOOTED, O_WRONLY | O_CREAT | O_TRUNC);
	return fd < 0 ? fd : file_write(fd, digest, (size_t)length);
}
