# SPDX-License-Identifier: GPL-2.0-or-later
# vfio-earlyctl, the admin tool: src/core and src/ctl on the host's libc. Included by the Makefile.

CTL := $(B)/vfio-earlyctl
CTL_SOURCES  := $(wildcard src/ctl/*.c)
CTL_PACKAGES := pkg-config libmount-dev libblkid-dev

# Asked only when something is built: a fresh machine has no pkg-config yet.
CTL_CFLAGS = $(eval CTL_CFLAGS := -Isrc/ctl $$(shell pkg-config --cflags mount blkid))$(CTL_CFLAGS)
CTL_LIBS   = $(eval CTL_LIBS := $$(shell pkg-config --libs mount blkid))$(CTL_LIBS)

ctl_objects = $(patsubst src/%.c,$(B)/$(1)/%.o,$(wildcard src/core/*.c) $(CTL_SOURCES))

$(B)/host/ctl/%.o: src/ctl/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(HOST_CFLAGS) $(CTL_CFLAGS) -c $< -o $@

$(CTL): $(call ctl_objects,host)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CTL_LIBS)
