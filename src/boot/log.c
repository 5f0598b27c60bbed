/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "boot/log.h"
#include "core/file.h"

/* The kernel's limit for one message is 1024 bytes with its prefix. */
#define MESSAGE_MAX 960

static bool write_kernel(const struct log *log, const char *text, size_t length)
{
	cleanup_fd int fd = file_open_flags(log->root, "dev/kmsg", O_WRONLY | O_APPEND | O_NOCTTY);

	return fd >= 0 && file_write(fd, text, length) == 0;
}

void log_write(const struct log *log, enum level level, const char *format, ...)
{
	char text[MESSAGE_MAX];
	va_list arguments;
	size_t length, prefix;

	/* The level is a digit in angle brackets, for the kernel only. */
	snprintf(text, sizeof(text), "<%d>", level);
	prefix = strlen(text);
	strcat(text, "vfio-early: ");
	length = strlen(text);
	va_start(arguments, format);
	vsnprintf(text + length, sizeof(text) - length - 1, format, arguments);
	va_end(arguments);
	length = strlen(text);
	text[length++] = '\n';
	if (log->to_kernel && write_kernel(log, text, length))
		return;
	file_write(STDERR_FILENO, text + prefix, length - prefix); /* or nobody is left to tell */
}
