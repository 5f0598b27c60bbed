# SPDX-License-Identifier: GPL-2.0-or-later
# vfio-earlyctl, the admin tool: src/core, src/bind and src/ctl on the host's libc. Included by the Makefile.

CTL := $(B)/vfio-earlyctl
CTL_SOURCES  := $(wildcard src/ctl/*.c src/ctl/*/*.c)
CTL_MODULES  := mount blkid jansson libarchive libkmod libmd libpci smartcols
CTL_PACKAGES := pkg-config libmount-dev libblkid-dev libjansson-dev libarchive-dev libkmod-dev libmd-dev libpci-dev libsmartcols-dev

# The shell of a recipe asks: a fresh machine has no pkg-config yet.
CTL_CFLAGS := -Isrc/ctl $$(pkg-config --cflags $(CTL_MODULES))
CTL_LIBS   := $$(pkg-config --libs $(CTL_MODULES))

# What carries out a plan at boot does so for bind and unbind.
CTL_BOOT := $(addprefix src/boot/,apply.c framebuffer.c jobs.c modules.c signals.c sysfs.c \
	vfio.c)

ctl_objects = $(patsubst src/%.c,$(B)/$(1)/%.o,$(wildcard src/core/*.c src/bind/*.c) $(CTL_SOURCES))

$(B)/host/ctl/%.o: src/ctl/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(HOST_CFLAGS) $(CTL_CFLAGS) -c $< -o $@

$(CTL): $(call ctl_objects,host)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CTL_LIBS)
