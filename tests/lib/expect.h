/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Assertions of image and boot tests; those on a boot show the console's end when they fail. */
#ifndef EXPECT_H
#define EXPECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "machine.h"

/* Builds @spec's image; the test fails if that cannot even be tried. */
void expect_image(const struct image_spec *spec, const char *name, struct image *image);

/* update-initramfs succeeded, and there is a new initrd. */
void expect_built(const struct image *image);
/* It failed, and the initrd from before is still there. */
void expect_refused(const struct image *image);
void expect_said(const struct image *image, const char *text);

/* In the unpacked image something matches @pattern, or nothing does. */
void expect_file(const struct image *image, const char *pattern);
void expect_no_file(const struct image *image, const char *pattern);

/* Builds and boots @machine; the test fails unless the guest came to its end. */
void expect_boot(const struct machine *machine, struct machine_run *run);

/* The same with an image that is there. */
void expect_boot_with(const struct machine *machine, const struct image *image,
		      struct machine_run *run);

/* The host does not come up with @image. */
void expect_no_boot(const struct machine *machine, const struct image *image,
		    struct machine_run *run);

/*
 * The guest comes to its end and has made a new initrd, which it left on the last disk of
 * @machine. @updated is @image with that.
 */
void expect_update(const struct machine *machine, const struct image *image,
		   struct machine_run *run, struct image *updated);

/* The commands of the guest's work printed @text, see report_transcript(). */
void expect_transcript(const struct machine_run *run, const char *text);

/* Among what they printed are these lines, in this order; NULL ends them. */
void expect_lines(const struct machine_run *run, const char *const *lines);

/* / is mounted from @device. */
void expect_root(const struct machine_run *run, const char *device);

/* The console shows @text; it shows both, and nothing like @later before @first. */
void expect_console(const struct machine_run *run, const char *text);
void expect_console_order(const struct machine_run *run, const char *first, const char *later);

/* @address has the driver @driver ("-": none). */
void expect_driver(const struct machine_run *run, const char *address, const char *driver);
/* @address is on vfio-pci, bound by this boot's rules, and could be used through VFIO. */
void expect_passed(const struct machine_run *run, const char *address);
/* @address is on vfio-pci, but a host driver has another device of its group. */
void expect_not_viable(const struct machine_run *run, const char *address);
/* @address is on vfio-pci, but VFIO refuses it as interrupts are not remapped. */
void expect_unsafe(const struct machine_run *run, const char *address);
/* @address is on @driver, without an override. */
void expect_kept(const struct machine_run *run, const char *address, const char *driver);

/*
 * @address is on @driver as it is in use by the host; @says is what the kernel log has after the
 * address.
 */
void expect_protected(const struct machine_run *run, const char *address, const char *driver,
		      const char *says);

/* The console shows no message of @driver about @address in the whole boot, or some. */
void expect_untouched(const struct machine_run *run, const char *address, const char *driver);
void expect_touched(const struct machine_run *run, const char *address, const char *driver);

/* The status file has @text in @column of @address' row, or no row for it. */
void expect_status(const struct machine_run *run, const char *address, const char *column,
		   const char *text);
void expect_no_status(const struct machine_run *run, const char *address);

/* A kernel message of @level holds @text; none does at any level. */
void expect_message(const struct machine_run *run, int level, const char *text);
void expect_no_message(const struct machine_run *run, const char *text);

void expect_no_module(const struct machine_run *run, const char *name);

#endif
