# SPDX-License-Identifier: GPL-2.0-or-later
#
# `make help` lists the targets. V=1 shows commands.

VERSION := 0.1.0

B      ?= build
CC     ?= gcc
KLCC   ?= klcc
STRIP  ?= strip
CFLAGS ?= -O2 -g

PREFIX     ?= /usr
SBINDIR    ?= $(PREFIX)/sbin
MANDIR     ?= $(PREFIX)/share/man
SYSCONFDIR ?= /etc
# initramfs-tools looks here and in /etc/initramfs-tools, nowhere else.
INITRAMFSDIR ?= /usr/share/initramfs-tools
DRACUTDIR  ?= /usr/lib/dracut/modules.d
UDEVDIR    ?= /usr/lib/udev
SHAREDIR   ?= $(PREFIX)/share/vfio-early
UNITDIR    ?= /usr/lib/systemd/system
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
DESTDIR    ?=

# The program is in every image: it must stay small.
SIZE_BUDGET := 65536

ifeq ($(V),1)
Q :=
say =
else
Q := @
say = @printf '  %-8s%s\n' '$(1)' '$(2)'
MAKEFLAGS += --no-print-directory
endif

WARNINGS := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
STANDARD := -std=gnu11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"'

.PHONY: all
all: ## build the boot program and the admin tool
all: $(B)/vfio-early $(B)/vfio-earlyctl

DEB := $(B)/deb/vfio-early_$(VERSION)_amd64.deb

include src/libkmod/libkmod.mk
include src/ctl/ctl.mk
include tests/tests.mk

# --- the boot program: src/core, src/bind and src/boot on klibc -----------------------------

CORE_SOURCES := $(wildcard src/core/*.c)
BOOT_SOURCES := $(wildcard src/bind/*.c src/boot/*.c)
BOOT_OBJECTS := $(patsubst src/%.c,$(B)/klibc/%.o,$(CORE_SOURCES) $(BOOT_SOURCES))
BOOT_CFLAGS  := $(STANDARD) $(WARNINGS) $(KLIBC_CFLAGS) -Isrc -Isrc/libkmod -MMD -MP

# klcc links with ld(1), which cannot optimise at link time: the compiler links with what klcc says.
klibc = $$($(KLCC) -print-klibc-$(1))
BOOT_LINK = $(call klibc,cc) $(call klibc,reqflags) $(call klibc,optflags) $(KLIBC_CFLAGS) \
	-flto-partition=one -static -no-pie -nostdlib \
	$$($(KLCC) -print-klibc-ldflags | sed 's/[^ ][^ ]*/-Xlinker &/g') $(BOOT_LDFLAGS)

# noseparate-code does without the padding between code and constants, and no data starts on a page
# of its own where the file's pages are said to be small and nothing is made read-only (norelro).
BOOT_LDFLAGS := -Wl,--gc-sections -Wl,-z,noseparate-code -Wl,-z,common-page-size=32 \
		-Wl,-z,norelro -Wl,--build-id=none

$(B)/klibc/bind/modules.o: BOOT_CFLAGS += $(LIBKMOD_CFLAGS)
$(B)/klibc/bind/modules.o: $(LIBKMOD)

.PHONY: toolchain
toolchain:
	$(Q)command -v $(KLCC) > /dev/null || { \
		echo "E: $(KLCC) is missing. As root, run: make build-packages" >&2; exit 1; }

$(B)/klibc/%.o: src/%.c | toolchain
	$(call say,KLCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(KLCC) $(BOOT_CFLAGS) -c $< -o $@

$(B)/vfio-early: $(BOOT_OBJECTS) $(LIBKMOD)
	$(call say,LINK,$@)
	$(Q)lib=$(call klibc,libdir) && $(BOOT_LINK) -o $@.debug $$lib/crt0.o $(BOOT_OBJECTS) $(LIBKMOD) \
		-Wl,--start-group $$lib/libc.a -lgcc -Wl,--end-group
	$(Q)$(STRIP) -R .comment -R '.note*' -o $@.new $@.debug
	$(Q)size=$$(stat -c %s $@.new); \
	echo "  SIZE    $@: $$size bytes stripped, of $(SIZE_BUDGET) allowed"; \
	test $$size -le $(SIZE_BUDGET)
	$(Q)mv $@.new $@

# --- the same core for the host: admin tool and tests ----------------------------------------

HOST_CFLAGS := $(STANDARD) $(WARNINGS) -Isrc -MMD -MP

$(B)/host/%.o: src/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(HOST_CFLAGS) -c $< -o $@

# --- what a fresh machine needs --------------------------------------------------------------

# Installed only if something is missing, so that a second run needs no network. Nothing is removed for
# it: pve-qemu-kvm conflicts with qemu-system-x86, and with it proxmox-ve would go.
BUILD_PACKAGES := gcc make libc6-dev klibc-utils libklibc-dev linux-libc-dev dpkg-dev xz-utils \
		  binutils debian-archive-keyring ca-certificates $(CTL_PACKAGES)
DEB_PACKAGES   := debhelper
DEMO_PACKAGES  := mount mmdebstrap qemu-system-x86 e2fsprogs
TEST_PACKAGES  := $(DEB_PACKAGES) $(DEMO_PACKAGES) lintian libcmocka-dev libfuse3-dev pkgconf perl \
		  clang ovmf whiptail ansible-core iproute2 dosfstools mtools gdisk
BENCH_PACKAGES := $(DEMO_PACKAGES) libcmocka-dev libfuse3-dev pkgconf valgrind
LINT_PACKAGES  := clang clang-tidy shellcheck mandoc
# Its sanitizers are in a package whose name has the version of this release's clang.
CLANG_RUNTIME   = $$(apt-cache depends clang | sed -n 's/.*Depends: clang-\([0-9]*\)$$/libclang-rt-\1-dev/p')

install-missing = missing=$$(LC_ALL=C dpkg-query -W -f '$${Package} $${db:Status-Abbrev}\n' $(1) 2>&1 | \
	sed -n -e 's/^\([^ ]*\) .i .*//;t' -e 's/^dpkg-query: no packages found matching //p' \
	-e 's/^\([^ ]*\) .*/\1/p'); \
	if [ -n "$$missing" ]; then \
		echo "  APT     "$$missing; \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
			apt-get -qq -y --no-remove --no-install-recommends install $$missing > /dev/null || { \
			echo "E: apt-get has installed nothing, for the reason above." >&2; \
			echo "E: On a Proxmox VE host it would have to remove proxmox-ve: use another machine." >&2; \
			exit 1; }; \
	fi

# A fresh machine's lists are empty: without them apt knows neither packages nor mirrors.
.PHONY: apt-lists build-packages demo-packages test-packages bench-packages deb-packages lint-packages
apt-lists:
	$(Q)apt-cache show gcc > /dev/null 2>&1 || apt-get -qq update
build-packages: ## install what building needs
build-packages: apt-lists
	$(Q)$(call install-missing,$(BUILD_PACKAGES))
demo-packages: ## install what the demo needs
demo-packages: apt-lists
	$(Q)$(call install-missing,$(BUILD_PACKAGES) $(DEMO_PACKAGES))
test-packages: ## install what the tests need
test-packages: apt-lists
	$(Q)$(call install-missing,$(BUILD_PACKAGES) $(TEST_PACKAGES) $(CLANG_RUNTIME))
bench-packages: ## install what the benchmark needs
bench-packages: apt-lists
	$(Q)$(call install-missing,$(BUILD_PACKAGES) $(BENCH_PACKAGES))
deb-packages: ## install what building the package needs
deb-packages: apt-lists
	$(Q)$(call install-missing,$(BUILD_PACKAGES) $(DEB_PACKAGES))
lint-packages: ## install what the checks need
lint-packages: apt-lists
	$(Q)$(call install-missing,$(BUILD_PACKAGES) $(LINT_PACKAGES))

# The parts of a target that need packages run in a make of their own, which finds them.
.PHONY: demo check check-matrix bench deb
demo: ## install what is needed, build, and show the main job in QEMU
demo: demo-packages
	$(Q)$(MAKE) demo-run
check: ## install what is needed, build, and run all tests
check: test-packages
	$(Q)$(MAKE) -j$(PROVE_JOBS) check-run
check-matrix: ## the same for every release, kernel and IOMMU (half an hour)
check-matrix: test-packages
	$(Q)$(MAKE) -j$(PROVE_JOBS) matrix-roots
	$(Q)$(MAKE) check-matrix-run
bench: ## install what is needed, and measure what a boot pays (ten minutes)
bench: bench-packages
	$(Q)$(MAKE) bench-run
deb: ## build a Debian package for this release and later ones
deb: deb-packages
	$(Q)$(MAKE) deb-run

# --- installing ------------------------------------------------------------------------------

INITRAMFS := initramfs-hooks/initramfs-tools
DRACUT    := initramfs-hooks/dracut/90vfio-early
MANUALS   := $(wildcard src/man/*.[1-8])

# Hooks with the paths of programs and scripts on this host.
place = sed -e 's|=/usr/sbin/|=$(SBINDIR)/|' -e 's|=/usr/share/vfio-early/|=$(SHAREDIR)/|'

.PHONY: install uninstall
install: ## put files in place (DESTDIR, PREFIX); the running system is not touched
install: all
	install -D -m 755 $(B)/vfio-early $(DESTDIR)$(SBINDIR)/vfio-early
	install -m 755 $(CTL) $(DESTDIR)$(SBINDIR)/vfio-earlyctl
	install -d $(DESTDIR)$(INITRAMFSDIR)/hooks $(DESTDIR)$(INITRAMFSDIR)/scripts/init-top
	$(place) $(INITRAMFS)/hooks/vfio-early \
		> $(DESTDIR)$(INITRAMFSDIR)/hooks/vfio-early
	chmod 755 $(DESTDIR)$(INITRAMFSDIR)/hooks/vfio-early
	install -m 755 $(INITRAMFS)/scripts/init-top/00-vfio-early \
		$(DESTDIR)$(INITRAMFSDIR)/scripts/init-top/00-vfio-early
	install -d $(DESTDIR)/etc/initramfs/post-update.d
	sed 's|=/usr/sbin/|=$(SBINDIR)/|' $(INITRAMFS)/post-update.d/vfio-early \
		> $(DESTDIR)/etc/initramfs/post-update.d/vfio-early
	chmod 755 $(DESTDIR)/etc/initramfs/post-update.d/vfio-early
	install -d $(DESTDIR)$(DRACUTDIR)/90vfio-early
	for file in $(DRACUT)/*; do \
		$(place) $$file \
			> $(DESTDIR)$(DRACUTDIR)/90vfio-early/$${file##*/} && \
		chmod 755 $(DESTDIR)$(DRACUTDIR)/90vfio-early/$${file##*/} || exit; \
	done
	install -d $(DESTDIR)$(UDEVDIR)/rules.d
	sed 's|"/usr/sbin/vfio-early|"$(SBINDIR)/vfio-early|' conf/70-vfio-early.rules \
		> $(DESTDIR)$(UDEVDIR)/rules.d/70-vfio-early.rules
	install -d $(DESTDIR)$(UNITDIR)
	sed 's|=/usr/sbin/|=$(SBINDIR)/|' conf/vfio-early-result.service \
		> $(DESTDIR)$(UNITDIR)/vfio-early-result.service
	test -e $(DESTDIR)$(SYSCONFDIR)/vfio-early.conf || \
		install -D -m 644 conf/vfio-early.conf $(DESTDIR)$(SYSCONFDIR)/vfio-early.conf
	install -D -m 755 initramfs-hooks/store-plain $(DESTDIR)$(SHAREDIR)/store-plain
	sed 's|^/usr/sbin/|$(SBINDIR)/|' conf/check-vm > $(DESTDIR)$(SHAREDIR)/check-vm
	chmod 755 $(DESTDIR)$(SHAREDIR)/check-vm
	install -D -m 644 conf/completions/vfio-earlyctl $(DESTDIR)$(BASHCOMPDIR)/vfio-earlyctl
	for page in $(MANUALS); do \
		install -D -m 644 $$page \
			$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/} || exit; \
	done

# Rules are the user's own: they stay.
uninstall: ## remove them; rules stay
uninstall:
	rm -rf $(DESTDIR)$(DRACUTDIR)/90vfio-early $(DESTDIR)$(SHAREDIR)
	rm -f $(DESTDIR)$(SBINDIR)/vfio-early $(DESTDIR)$(SBINDIR)/vfio-earlyctl \
		$(DESTDIR)$(INITRAMFSDIR)/hooks/vfio-early \
		$(DESTDIR)$(INITRAMFSDIR)/scripts/init-top/00-vfio-early \
		$(DESTDIR)/etc/initramfs/post-update.d/vfio-early \
		$(DESTDIR)$(UDEVDIR)/rules.d/70-vfio-early.rules \
		$(DESTDIR)$(UNITDIR)/vfio-early-result.service \
		$(DESTDIR)$(BASHCOMPDIR)/vfio-earlyctl
	for page in $(MANUALS); do \
		rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; \
	done

# --- Debian package --------------------------------------------------------------------------
# The packaging wants to stand in the source's top folder, and to be built from nothing: so it is,
# in a copy.

DEB_STAGE := $(B)/deb/vfio-early-$(VERSION)
DEB_SOURCES := Makefile LICENSE README.md conf initramfs-hooks src tests

DEB_FILES := $(wildcard Makefile LICENSE README.md $(addprefix conf/,* */* */*/* */*/*/* */*/*/*/*) \
	$(INITRAMFS)/*/* $(INITRAMFS)/*/*/* $(DRACUT)/* initramfs-hooks/* src/*/* src/*/*/*)

$(DEB): $(DEB_FILES) $(LIBKMOD)
	$(call say,DEB,$@)
	$(Q)test "$$(dpkg-parsechangelog -l conf/debian/changelog -S Version)" = $(VERSION) || { \
		echo "E: conf/debian/changelog is not of version $(VERSION)" >&2; exit 1; }
	$(Q)for package in $(CTL_PACKAGES); do grep -q "^ $$package,$$" conf/debian/control || { \
		echo "E: conf/debian/control: no Build-Depends on $$package" >&2; exit 1; }; done
	$(Q)rm -rf $(B)/deb && mkdir -p $(DEB_STAGE)
	$(Q)cp -a $(DEB_SOURCES) $(DEB_STAGE) && mv $(DEB_STAGE)/conf/debian $(DEB_STAGE)/debian
	$(Q)cd $(DEB_STAGE) && KMOD_SRC=$(abspath $(kmod_tree)) env -u MAKEFLAGS -u MAKELEVEL \
		dpkg-buildpackage -b -us -uc > ../build.log 2>&1 || { cat ../build.log; exit 1; }

.PHONY: deb-run
deb-run: $(DEB)

# --- lint ------------------------------------------------------------------------------------

LINT_CFLAGS := $(STANDARD) $(WARNINGS) -Wshadow -Werror
BOOT_LINT    = $(LINT_CFLAGS) -Isrc $(LIBKMOD_CFLAGS)
CTL_LINT     = $(LINT_CFLAGS) -Isrc $(CTL_CFLAGS)

# Their tables leave out what is 0.
TEST_SOURCES := $(wildcard tests/*/*.c tests/bench/guest/*.c)
TEST_LINT = $(CTL_LINT) -Wno-missing-field-initializers -Itests/lib -I/usr/include/fuse3 \
	-DFLOOR_FLAGS=0 -DFLOOR_MODULES='"",' -DFLOOR_DEVICES='"",'

# As many at a time as there are processors.
each-of = printf '%s\n' $(1) | xargs -P "$$(nproc)" -I {}

# $(call lint-with,COMPILER,FILES,FLAGS)
lint-with = $(Q)$(call each-of,$(2)) $(1) $(3) {}
GCC_LINT   := gcc -O2 -c -o /dev/null
CLANG_LINT := clang -fsyntax-only

# $(call tidy,FILES,FLAGS)
tidy = $(Q)$(call each-of,$(1)) clang-tidy --quiet {} -- $(2) 2> $(B)/clang-tidy.err || { \
	cat $(B)/clang-tidy.err; exit 1; }

# A file may include headers of its own room and of those in the room's line of src/rooms.
.PHONY: lint-rooms
lint-rooms: ## whether includes in src go one way, and only commands print
lint-rooms:
	$(call say,ROOMS,src)
	$(Q)awk 'FILENAME == "src/rooms" { \
			if (/^[a-z]/) { sub(":", "", $$1); for (i = 1; i <= NF; i++) may[$$1, $$i] = 1 } next } \
		FNR == 1 { n = split(FILENAME, part, "/"); \
			room = n == 3 && part[2] == "ctl" ? "main" : part[n - 1] } \
		/^\#include "/ { split($$2, to, /["\/]/); if (!((room, to[2]) in may)) { bad = 1; \
			print FILENAME ":" FNR ": " $$2 ": no header for " room ", see src/rooms" } } \
		room !~ /^(main|command|term|boot)$$/ && /(^|[^a-z_])((v?printf|puts|putchar|perror)\(|std(out|err)[,)])/ { \
			bad = 1; print FILENAME ":" FNR ": only command/ and term/ print" } \
		END { exit bad }' src/rooms $(wildcard $(addprefix src/,core/*.[ch] bind/*.[ch] boot/*.[ch] \
			ctl/*.[ch] ctl/*/*.[ch]))

# Everything that a person reads. The words themselves are in tests/words.
WORDS_IN := src conf initramfs-hooks tests Makefile README.md
.PHONY: lint-words
lint-words: ## whether a text has words that this project does not use
	$(call say,WORDS,$(WORDS_IN))
	$(Q)sed '/^#/d; s/\t.*//' tests/words | \
		grep -rniE --exclude=words --exclude-dir=corpus -f - $(WORDS_IN); test $$? = 1

.PHONY: lint lint-run
lint: ## gcc and clang warnings, clang-tidy, shellcheck, mandoc
lint: lint-packages
	$(Q)$(MAKE) lint-run
lint-run: lint-rooms lint-words $(LIBKMOD)
	$(call say,GCC,src)
	$(call lint-with,$(GCC_LINT) -Wconversion,$(CORE_SOURCES) $(BOOT_SOURCES),$(BOOT_LINT))
	$(call lint-with,$(GCC_LINT) -Wconversion,$(CTL_SOURCES),$(CTL_LINT))
	$(call say,GCC,tests)
	$(call lint-with,$(GCC_LINT),$(TEST_SOURCES),$(TEST_LINT))
	$(call say,CLANG,src)
	$(call lint-with,$(CLANG_LINT),$(CORE_SOURCES) $(BOOT_SOURCES),$(BOOT_LINT))
	$(call lint-with,$(CLANG_LINT),$(CTL_SOURCES),$(CTL_LINT))
	$(call say,CLANG,tests)
	$(call lint-with,$(CLANG_LINT),$(TEST_SOURCES),$(TEST_LINT))
	$(call say,TIDY,src)
	$(call tidy,$(CORE_SOURCES) $(BOOT_SOURCES),$(BOOT_LINT))
	$(call tidy,$(CTL_SOURCES),$(CTL_LINT))
	$(call say,SHELL,initramfs-hooks)
	$(Q)shellcheck -s dash -e SC1091 $(wildcard $(INITRAMFS)/hooks/* $(INITRAMFS)/scripts/*/* \
		$(INITRAMFS)/post-update.d/*) $(DRACUT)/vfio-early.sh \
		initramfs-hooks/store-plain .ci/run conf/check-vm tests/lib/proxmox-boot-tool
	$(Q)shellcheck -s bash $(DRACUT)/module-setup.sh
	$(call say,SHELL,conf/completions)
	$(Q)shellcheck -s bash $(wildcard conf/completions/*)
	$(call say,MAN,src/man)
	$(Q)mandoc -T lint -W warning $(MANUALS)

.PHONY: clean help
clean: ## remove build/
clean:
	rm -rf $(B)

help: ## list these targets
help:
	@sed -n 's/^\([a-z-]*\): ## \(.*\)/make \1\t\2/p' $(filter %.mk %Makefile,$(MAKEFILE_LIST)) | \
		expand -t 22

-include $(wildcard $(B)/klibc/*/*.d $(B)/host/*/*.d $(B)/host/*/*/*.d)
